//! Class files and jars for tests.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::kind::JavaKind;

pub(super) const PUBLIC: u16 = 1;
pub(super) const ABSTRACT: u16 = 0x400;

/// A class file being made.
pub(super) struct Sample {
    pool: Vec<u8>,
    entries: u16,
    flags: u16,
    this: u16,
    parent: u16,
    interfaces: Vec<u16>,
    methods: Vec<Vec<u8>>,
}

impl Sample {
    /// A public class with a public constructor; names have dots.
    pub(super) fn class(name: &str, parent: &str, interfaces: &[&str]) -> Self {
        let mut sample = Self::bare(PUBLIC, name, parent, interfaces);
        sample.method(PUBLIC, "<init>", "()V", &[0xb1]);
        sample
    }

    /// A class without methods.
    pub(super) fn bare(flags: u16, name: &str, parent: &str, interfaces: &[&str]) -> Self {
        let (pool, interfaces_of, methods) = (Vec::new(), interfaces, Vec::new());
        let mut sample = Self { pool, entries: 1, flags, this: 0, parent: 0, interfaces: Vec::new(), methods };
        sample.this = sample.class_entry(name);
        sample.parent = sample.class_entry(parent);
        sample.interfaces = interfaces_of.iter().map(|name| sample.class_entry(name)).collect();
        sample
    }

    /// `version()` that returns this text.
    pub(super) fn version(mut self, text: &str) -> Self {
        let text = self.utf8(text);
        let constant = self.entry(8, &text.to_be_bytes());
        let [high, low] = constant.to_be_bytes();
        self.method(PUBLIC, "version", "()Ljava/lang/String;", &[0x13, high, low, 0xb0]);
        self
    }

    fn entry(&mut self, tag: u8, content: &[u8]) -> u16 {
        self.pool.push(tag);
        self.pool.extend_from_slice(content);
        self.entries += 1;
        self.entries - 1
    }

    fn utf8(&mut self, text: &str) -> u16 {
        let mut content = (text.len() as u16).to_be_bytes().to_vec();
        content.extend_from_slice(text.as_bytes());
        self.entry(1, &content)
    }

    fn class_entry(&mut self, name: &str) -> u16 {
        let name = self.utf8(&name.replace('.', "/"));
        self.entry(7, &name.to_be_bytes())
    }

    fn method(&mut self, flags: u16, name: &str, descriptor: &str, code: &[u8]) {
        let numbers = [flags, self.utf8(name), self.utf8(descriptor), 1, self.utf8("Code")];
        let mut method: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        method.extend((code.len() as u32 + 12).to_be_bytes());
        method.extend([0, 2, 0, 1]);
        method.extend((code.len() as u32).to_be_bytes());
        method.extend_from_slice(code);
        method.extend([0; 4]);
        self.methods.push(method);
    }

    /// The file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61];
        bytes.extend(self.entries.to_be_bytes());
        bytes.extend_from_slice(&self.pool);
        for number in [self.flags, self.this, self.parent, self.interfaces.len() as u16] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.interfaces.iter().flat_map(|number| number.to_be_bytes()));
        bytes.extend([0, 0]);
        bytes.extend((self.methods.len() as u16).to_be_bytes());
        self.methods.iter().for_each(|method| bytes.extend_from_slice(method));
        bytes.extend([0, 0]);
        bytes
    }
}

/// A jar of these entries.
pub(super) fn jar(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut jar = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        jar.start_file(*name, SimpleFileOptions::default()).unwrap();
        jar.write_all(content).unwrap();
    }
    jar.finish().unwrap().into_inner()
}

/// A manifest entry of a kind that names these classes.
pub(super) fn manifest(kind: JavaKind, names: &str) -> (String, Vec<u8>) {
    (format!("META-INF/services/{}", kind.interface()), names.as_bytes().to_vec())
}

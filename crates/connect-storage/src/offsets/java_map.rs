//! The content of an offset file: a `HashMap<byte[], byte[]>` in Java's object serialisation.
//!
//! The reader takes what Java's `FileOffsetBackingStore` takes: any capacity, load factor and order, arrays that are
//! repeated by reference, null values, `LinkedHashMap` and other subclasses that add only primitive fields, and bytes
//! behind the end. Unlike Java's it refuses a file that is cut off: Java takes that for "no offsets" and reads every
//! source from its beginning.

use std::sync::Arc;

use bytes::Bytes;
use connect_api::data::java_order::capacity_for;

/// Keys and values, in the order of the file.
pub(crate) type Entries = Vec<(Bytes, Option<Bytes>)>;

const MAGIC_AND_VERSION: [u8; 4] = [0xac, 0xed, 0x00, 0x05];
const TC_NULL: u8 = 0x70;
const TC_REFERENCE: u8 = 0x71;
const TC_CLASSDESC: u8 = 0x72;
const TC_OBJECT: u8 = 0x73;
const TC_STRING: u8 = 0x74;
const TC_ARRAY: u8 = 0x75;
const TC_CLASS: u8 = 0x76;
const TC_BLOCKDATA: u8 = 0x77;
const TC_ENDBLOCKDATA: u8 = 0x78;
const TC_LONGSTRING: u8 = 0x7c;
const TC_ENUM: u8 = 0x7e;
const SC_WRITE_METHOD: u8 = 1;
const SC_SERIALIZABLE: u8 = 2;
const FIRST_HANDLE: u32 = 0x7e_0000;
const HASH_MAP: &str = "java.util.HashMap";
const BYTE_ARRAY: &str = "[B";
/// More superclasses or fields than any map has.
const MAX_CLASS_DEPTH: usize = 8;

/// Why the bytes are not an offset file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A well-formed object, but not a map.
    WrongClass(String),
    /// Not well-formed: what was wrong, and where.
    Malformed { position: usize, reason: String },
}

type Read<T> = Result<T, Fault>;

/// The map as Java writes it after putting the entries in one by one. The order of the entries is the given one; in
/// Java it follows from identity hash codes and so says nothing.
pub(crate) fn encode<'a>(entries: impl ExactSizeIterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Vec<u8> {
    let size = entries.len();
    let capacity = capacity_for(size);
    let threshold = if size == 0 { 0 } else { capacity / 4 * 3 };
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(&MAGIC_AND_VERSION);
    out.extend_from_slice(&[TC_OBJECT, TC_CLASSDESC]);
    put_text(&mut out, HASH_MAP);
    out.extend_from_slice(&[0x05, 0x07, 0xda, 0xc1, 0xc3, 0x16, 0x60, 0xd1, SC_WRITE_METHOD | SC_SERIALIZABLE, 0, 2]);
    out.push(b'F');
    put_text(&mut out, "loadFactor");
    out.push(b'I');
    put_text(&mut out, "threshold");
    out.extend_from_slice(&[TC_ENDBLOCKDATA, TC_NULL]);
    out.extend_from_slice(&0.75_f32.to_be_bytes());
    out.extend_from_slice(&threshold.to_be_bytes());
    out.extend_from_slice(&[TC_BLOCKDATA, 8]);
    out.extend_from_slice(&capacity.to_be_bytes());
    out.extend_from_slice(&(size as u32).to_be_bytes());
    let mut class_written = false;
    for (key, value) in entries {
        put_array(&mut out, Some(key), &mut class_written);
        put_array(&mut out, value, &mut class_written);
    }
    out.push(TC_ENDBLOCKDATA);
    out
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_array(out: &mut Vec<u8>, bytes: Option<&[u8]>, class_written: &mut bool) {
    let Some(bytes) = bytes else {
        out.push(TC_NULL);
        return;
    };
    out.push(TC_ARRAY);
    if std::mem::replace(class_written, true) {
        // Handle 0 is the map's class, 1 the map, 2 the class of byte arrays.
        out.push(TC_REFERENCE);
        out.extend_from_slice(&(FIRST_HANDLE + 2).to_be_bytes());
    } else {
        out.push(TC_CLASSDESC);
        put_text(out, BYTE_ARRAY);
        out.extend_from_slice(&[0xac, 0xf3, 0x17, 0xf8, 0x06, 0x08, 0x54, 0xe0, SC_SERIALIZABLE, 0, 0]);
        out.extend_from_slice(&[TC_ENDBLOCKDATA, TC_NULL]);
    }
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// The entries of a file. A null key, which no offset has, is left out, as Java leaves it unused.
///
/// # Errors
/// [`Fault`]. Memory grows only with bytes that are really there.
pub(crate) fn decode(bytes: &[u8]) -> Read<Entries> {
    let mut reader = Reader { bytes, position: 0, handles: Vec::new() };
    if reader.array::<4>()? != MAGIC_AND_VERSION {
        return Err(Fault::Malformed {
            position: 0,
            reason: "it does not begin as a file written by Java (AC ED 00 05)".into(),
        });
    }
    reader.map()
}

/// What a back-reference can point at.
#[derive(Clone)]
enum Handle {
    Class(Arc<Class>),
    Bytes(Bytes),
    Other,
}

struct Class {
    name: String,
    flags: u8,
    /// The type codes of its fields.
    fields: Vec<u8>,
    parent: Option<Arc<Class>>,
}

impl Class {
    /// This class and its superclasses, the topmost first, which is the order of their data.
    fn chain(self: &Arc<Self>) -> Vec<Arc<Class>> {
        let mut chain = vec![self.clone()];
        while let Some(parent) = chain.last().and_then(|class| class.parent.clone()) {
            chain.push(parent);
        }
        chain.reverse();
        chain
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    handles: Vec<Handle>,
}

impl Reader<'_> {
    fn map(&mut self) -> Read<Entries> {
        let class = match self.byte()? {
            TC_OBJECT => self.required_class()?,
            TC_STRING | TC_LONGSTRING => return Err(Fault::WrongClass("java.lang.String".into())),
            TC_CLASS => return Err(Fault::WrongClass("java.lang.Class".into())),
            TC_ARRAY | TC_ENUM => return Err(Fault::WrongClass(self.required_class()?.name.clone())),
            TC_NULL => return Err(self.fault_before(1, "it holds no object but null")),
            other => return Err(self.fault_before(1, format!("an object was expected, not the byte {other:#04x}"))),
        };
        let chain = class.chain();
        if !chain.iter().any(|class| class.name == HASH_MAP) {
            return Err(Fault::WrongClass(class.name.clone()));
        }
        self.handles.push(Handle::Other);
        let mut entries = Entries::new();
        for class in &chain {
            if class.name == HASH_MAP {
                entries = self.hash_map(class)?;
            } else {
                self.skip_primitive_fields(class)?;
                if class.flags & SC_WRITE_METHOD != 0 {
                    self.expect(TC_ENDBLOCKDATA, "the end of the object's data")?;
                }
            }
        }
        Ok(entries)
    }

    fn hash_map(&mut self, class: &Class) -> Read<Entries> {
        self.skip_primitive_fields(class)?;
        if class.flags & SC_WRITE_METHOD == 0 {
            return Err(self.fault("the map has no data of its own"));
        }
        self.expect(TC_BLOCKDATA, "the size of the map")?;
        self.expect(8, "the size of the map")?;
        let _capacity = self.array::<4>()?;
        let size = i32::from_be_bytes(self.array()?);
        if size < 0 {
            return Err(self.fault_before(4, format!("the map's size is negative ({size})")));
        }
        let mut entries = Entries::new();
        for _ in 0..size {
            let (key, value) = (self.bytes_or_null()?, self.bytes_or_null()?);
            if let Some(key) = key {
                entries.push((key, value));
            }
        }
        self.expect(TC_ENDBLOCKDATA, "the end of the map")?;
        Ok(entries)
    }

    fn skip_primitive_fields(&mut self, class: &Class) -> Read<()> {
        for code in &class.fields {
            let size = match code {
                b'B' | b'Z' => 1,
                b'C' | b'S' => 2,
                b'I' | b'F' => 4,
                b'J' | b'D' => 8,
                _ => return Err(self.fault(format!("the class {} has a field that is an object", class.name))),
            };
            self.take(size)?;
        }
        Ok(())
    }

    fn bytes_or_null(&mut self) -> Read<Option<Bytes>> {
        match self.byte()? {
            TC_NULL => Ok(None),
            TC_REFERENCE => match self.reference()? {
                Handle::Bytes(bytes) => Ok(Some(bytes)),
                _ => Err(self.fault_before(4, "a reference does not point at a byte array")),
            },
            TC_ARRAY => self.byte_array().map(Some),
            TC_STRING | TC_LONGSTRING => {
                Err(self.fault_before(1, "a key or value is a java.lang.String, not a byte array"))
            }
            other => {
                Err(self.fault_before(1, format!("a key or value is not a byte array (it begins with {other:#04x})")))
            }
        }
    }

    fn byte_array(&mut self) -> Read<Bytes> {
        let class = self.required_class()?;
        if class.name != BYTE_ARRAY {
            return Err(self.fault(format!("a key or value is an array of class {}, not of bytes", class.name)));
        }
        let length = i32::from_be_bytes(self.array()?);
        let Ok(length) = usize::try_from(length) else {
            return Err(self.fault_before(4, format!("an array's length is negative ({length})")));
        };
        let bytes = Bytes::copy_from_slice(self.take(length)?);
        self.handles.push(Handle::Bytes(bytes.clone()));
        Ok(bytes)
    }

    fn required_class(&mut self) -> Read<Arc<Class>> {
        self.class(0)?.ok_or_else(|| self.fault_before(1, "an object has no class"))
    }

    fn class(&mut self, depth: usize) -> Read<Option<Arc<Class>>> {
        if depth > MAX_CLASS_DEPTH {
            return Err(self.fault("a class has too many superclasses"));
        }
        match self.byte()? {
            TC_NULL => Ok(None),
            TC_REFERENCE => match self.reference()? {
                Handle::Class(class) => Ok(Some(class)),
                _ => Err(self.fault_before(4, "a reference does not point at a class")),
            },
            TC_CLASSDESC => self.new_class(depth).map(Some),
            other => Err(self.fault_before(1, format!("a class was expected, not the byte {other:#04x}"))),
        }
    }

    fn new_class(&mut self, depth: usize) -> Read<Arc<Class>> {
        let name = self.text()?;
        let _serial_version = self.array::<8>()?;
        let handle = self.handles.len();
        self.handles.push(Handle::Other);
        let flags = self.byte()?;
        let count = u16::from_be_bytes(self.array()?);
        let mut fields = Vec::new();
        for _ in 0..count {
            let code = self.byte()?;
            self.text()?;
            if matches!(code, b'L' | b'[') {
                self.field_type()?;
            }
            fields.push(code);
        }
        self.expect(TC_ENDBLOCKDATA, "the end of a class")?;
        let parent = self.class(depth + 1)?;
        let class = Arc::new(Class { name, flags, fields, parent });
        self.handles[handle] = Handle::Class(class.clone());
        Ok(class)
    }

    /// The name of the class of a field that is an object.
    fn field_type(&mut self) -> Read<()> {
        match self.byte()? {
            TC_STRING => {
                self.text()?;
                self.handles.push(Handle::Other);
                Ok(())
            }
            TC_REFERENCE => self.reference().map(drop),
            other => Err(self.fault_before(1, format!("the type of a field begins with {other:#04x}"))),
        }
    }

    fn reference(&mut self) -> Read<Handle> {
        let number = u32::from_be_bytes(self.array()?);
        let handle = number.checked_sub(FIRST_HANDLE).and_then(|index| self.handles.get(index as usize)).cloned();
        handle.ok_or_else(|| self.fault_before(4, format!("a reference points at nothing ({number:#010x})")))
    }

    fn text(&mut self) -> Read<String> {
        let length = u16::from_be_bytes(self.array()?);
        // Only compared and shown: Java's own variant of UTF-8 differs for characters no class name here has.
        Ok(String::from_utf8_lossy(self.take(usize::from(length))?).into_owned())
    }

    fn expect(&mut self, byte: u8, what: &str) -> Read<()> {
        match self.byte()? {
            found if found == byte => Ok(()),
            found => Err(self.fault_before(1, format!("{what} was expected ({byte:#04x}), not {found:#04x}"))),
        }
    }

    fn byte(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn take(&mut self, length: usize) -> Read<&[u8]> {
        let rest = &self.bytes[self.position..];
        let Some(taken) = rest.get(..length) else {
            return Err(self.fault(format!(
                "the file ends too early: {length} more bytes were expected and {} are there",
                rest.len()
            )));
        };
        self.position += length;
        Ok(taken)
    }

    fn fault(&self, reason: impl Into<String>) -> Fault {
        self.fault_before(0, reason)
    }

    /// A fault in what was read last, `back` bytes long.
    fn fault_before(&self, back: usize, reason: impl Into<String>) -> Fault {
        Fault::Malformed { position: self.position - back, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(entries: &[(&[u8], Option<&[u8]>)]) -> Vec<u8> {
        encode(entries.iter().copied())
    }

    fn owned(entries: &[(&[u8], Option<&[u8]>)]) -> Entries {
        entries.iter().map(|(key, value)| (Bytes::copy_from_slice(key), value.map(Bytes::copy_from_slice))).collect()
    }

    #[test]
    fn every_proper_beginning_is_refused_and_says_where() {
        let whole = encoded(&[(b"k", Some(b"v")), (b"gone", None)]);
        assert_eq!(decode(&whole).unwrap(), owned(&[(b"k", Some(b"v")), (b"gone", None)]));
        for length in 0..whole.len() {
            let fault = decode(&whole[..length]).unwrap_err();
            assert!(matches!(&fault, Fault::Malformed { position, .. } if *position <= length), "{length}: {fault:?}");
        }
    }

    #[test]
    fn lengths_that_lie_are_refused_without_memory_for_them() {
        let whole = encoded(&[(b"key", Some(b"value"))]);
        let length_at = whole.windows(4).rposition(|window| window == [0, 0, 0, 5]).unwrap();
        for lie in [i32::MAX, -1, i32::MIN, 7] {
            let mut bytes = whole.clone();
            bytes[length_at..length_at + 4].copy_from_slice(&lie.to_be_bytes());
            assert!(matches!(decode(&bytes), Err(Fault::Malformed { .. })), "{lie}");
        }
        let size_at = whole.windows(4).position(|window| window == [0, 0, 0, 16]).unwrap() + 4;
        for lie in [i32::MAX, -1, 0, 2] {
            let mut bytes = whole.clone();
            bytes[size_at..size_at + 4].copy_from_slice(&lie.to_be_bytes());
            assert!(matches!(decode(&bytes), Err(Fault::Malformed { .. })), "{lie}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(entries in prop::collection::vec((any::<Vec<u8>>(), any::<Option<Vec<u8>>>()), 0..40)) {
            let borrowed: Vec<_> = entries.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
            prop_assert_eq!(decode(&encoded(&borrowed)).unwrap(), owned(&borrowed));
        }

        #[test]
        fn damage_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = encoded(&[(b"key", Some(b"value")), (b"key 2", Some(b"value 2")), (b"gone", None)]);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = decode(&bytes);
            let _ = decode(&bytes[..cut.index(bytes.len())]);
        }

        #[test]
        fn noise_never_panics(noise in any::<Vec<u8>>()) {
            let _ = decode(&[&MAGIC_AND_VERSION[..], &noise].concat());
            let _ = decode(&[&MAGIC_AND_VERSION[..], &[TC_OBJECT, TC_CLASSDESC], &noise].concat());
        }
    }
}

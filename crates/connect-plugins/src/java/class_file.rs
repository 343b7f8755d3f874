//! What a class file says of its class: names, what it extends, whether it can be made. Made by strangers: anything that
//! is wrong in it is an error, never a panic.

use noak::AccessFlags;
use noak::MStr;
use noak::error::DecodeError;
use noak::reader::attributes::InnerClasses;
use noak::reader::cpool::{self, ConstantPool};
use noak::reader::{Class, Method};

/// A class file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a class file: {0}")]
pub(crate) struct ClassFileError(String);

impl From<DecodeError> for ClassFileError {
    fn from(error: DecodeError) -> Self {
        Self(error.to_string())
    }
}

/// The place of a class among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its name as `Class.getName()` says it.
    pub(crate) name: String,
    /// Its super class; `None` for `java.lang.Object` alone.
    pub(crate) parent: Option<String>,
    /// What it implements, or extends if it is an interface.
    pub(crate) interfaces: Vec<String>,
    /// Whether other packages see it.
    pub(crate) public: bool,
    /// Whether it is neither abstract nor an interface.
    pub(crate) concrete: bool,
}

/// What only plug-ins are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Details {
    /// `Class.getSimpleName()`: without package and outer classes.
    pub(crate) simple_name: String,
    /// Whether there is a public constructor without arguments.
    pub(crate) constructible: bool,
}

/// Reads the head.
///
/// # Errors
/// When it is not a class file.
pub(crate) fn head(bytes: &[u8]) -> Result<Head, ClassFileError> {
    let class = Class::new(bytes)?;
    let pool = class.pool();
    let flags = class.access_flags();
    let parent = class.super_class().map(|parent| class_name(pool, parent)).transpose()?;
    let mut interfaces = Vec::new();
    for interface in class.interfaces() {
        interfaces.push(class_name(pool, interface?)?);
    }
    Ok(Head {
        name: class_name(pool, class.this_class())?,
        parent,
        interfaces,
        public: flags.contains(AccessFlags::PUBLIC),
        concrete: !flags.intersects(AccessFlags::ABSTRACT | AccessFlags::INTERFACE | AccessFlags::MODULE),
    })
}

/// Reads what only plug-ins are asked.
///
/// # Errors
/// When it is not a class file.
pub(crate) fn details(bytes: &[u8]) -> Result<Details, ClassFileError> {
    let class = Class::new(bytes)?;
    let pool = class.pool();
    let constructor = find_method(&class, "<init>", "()V")?;
    let constructible = constructor.is_some_and(|method| method.access_flags().contains(AccessFlags::PUBLIC));
    let name = class_name(pool, class.this_class())?;
    let simple_name = match inner_name(&class)? {
        Some(inner) => inner,
        None => name.rsplit('.').next().unwrap_or(&name).to_owned(),
    };
    Ok(Details { simple_name, constructible })
}

/// The name inside the outer class; empty for a class without one, `None` for a class that is in no other.
fn inner_name(class: &Class<'_>) -> Result<Option<String>, ClassFileError> {
    let pool = class.pool();
    let Some(inner_classes) = class.attributes().find_attribute::<InnerClasses<'_>>(pool)? else { return Ok(None) };
    let own = class_name(pool, class.this_class())?;
    for inner in inner_classes.classes() {
        let inner = inner?;
        if class_name(pool, inner.inner_class())? == own {
            let name = inner.inner_name().map(|name| text(pool.get(name)?.content)).transpose()?;
            return Ok(Some(name.unwrap_or_default()));
        }
    }
    Ok(None)
}

/// The method of that name and descriptor.
pub(super) fn find_method<'a>(
    class: &Class<'a>,
    name: &str,
    descriptor: &str,
) -> Result<Option<Method<'a>>, ClassFileError> {
    let pool = class.pool();
    for method in class.methods() {
        let method = method?;
        if *pool.get(method.name())?.content == *name && *pool.get(method.descriptor())?.content == *descriptor {
            return Ok(Some(method));
        }
    }
    Ok(None)
}

/// A class's name with dots.
pub(super) fn class_name<'a>(
    pool: &ConstantPool<'a>,
    class: cpool::Index<cpool::Class<'a>>,
) -> Result<String, ClassFileError> {
    let name = pool.get(pool.get(class)?.name)?.content;
    Ok(text(name)?.replace('/', "."))
}

/// A text of the constant pool.
pub(super) fn text(text: &MStr) -> Result<String, ClassFileError> {
    let text: String = text.chars_lossy().collect();
    if text.chars().any(char::is_control) {
        // Java allows it; in tables and logs it would forge lines.
        return Err(ClassFileError("a name with control characters".to_owned()));
    }
    Ok(text)
}

//! What a plug-in's `version()` answers, as far as that can be read without running it: constants, other methods and
//! fields that hold constants, Kafka's own version, and the version of the jar.

use noak::reader::attributes::{Code, ConstantValue, RawInstruction};
use noak::reader::cpool::{self, ConstantPool, Item};
use noak::reader::{Class, Method};

use super::class_file::{ClassFileError, class_name, find_method, text};

/// What a method without arguments, or a field, gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saying {
    /// This text.
    Text(String),
    /// Null.
    Null,
    /// The version of Kafka.
    Kafka,
    /// `Implementation-Version` of the jar.
    Jar,
    /// What this method of a class, or of one above it, gives: class and name.
    Method(String, String),
    /// What the object's own method of that name gives.
    Own(String),
    /// What a static field holds: class and name.
    Field(String, String),
    /// Only running it would tell.
    Unknown,
}

/// Instructions that are looked at; a method that has more is not trivial.
const LONGEST: usize = 12;
/// Instructions of a class initializer that are looked at.
const LONGEST_INITIALIZER: usize = 4096;
const GIVES_TEXT: &str = "()Ljava/lang/String;";

/// What the method of that name, without arguments, gives; `None` when the class has no such method of its own.
///
/// # Errors
/// When it is not a class file.
pub(crate) fn method_says(bytes: &[u8], name: &str) -> Result<Option<Saying>, ClassFileError> {
    let class = Class::new(bytes)?;
    let Some(method) = find_method(&class, name, GIVES_TEXT)? else { return Ok(None) };
    let pool = class.pool();
    let Some(code) = code(pool, &method)? else { return Ok(None) };
    let mut steps = Vec::new();
    for instruction in code.raw_instructions().take(LONGEST) {
        match instruction?.1 {
            // The object itself, for a call on it.
            RawInstruction::ALoad0 | RawInstruction::Nop => {}
            RawInstruction::AReturn => return Ok(Some(outcome(&steps))),
            other => steps.push(step(pool, &other)?),
        }
    }
    Ok(Some(Saying::Unknown))
}

/// What a static field holds after the class is initialized, by a constant or by its one assignment.
///
/// # Errors
/// When it is not a class file.
pub(crate) fn field_says(bytes: &[u8], name: &str) -> Result<Saying, ClassFileError> {
    let class = Class::new(bytes)?;
    let pool = class.pool();
    for field in class.fields() {
        let field = field?;
        if *pool.get(field.name())?.content == *name
            && let Some(constant) = field.attributes().find_attribute::<ConstantValue<'_>>(pool)?
        {
            return Ok(text_item(pool, constant.value())?.map_or(Saying::Unknown, Saying::Text));
        }
    }
    assigned(&class, name)
}

fn assigned(class: &Class<'_>, name: &str) -> Result<Saying, ClassFileError> {
    let pool = class.pool();
    let Some(initializer) = find_method(class, "<clinit>", "()V")? else { return Ok(Saying::Null) };
    let Some(code) = code(pool, &initializer)? else { return Ok(Saying::Unknown) };
    let own = class_name(pool, class.this_class())?;
    let (mut before, mut found) = (None, None);
    for instruction in code.raw_instructions().take(LONGEST_INITIALIZER) {
        let instruction = instruction?.1;
        if let RawInstruction::PutStatic { index } = instruction {
            let (of, field, _) = member(pool, pool.get(index)?.class, pool.get(index)?.name_and_type)?;
            if of == own && field == name && found.replace(before.take()).is_some() {
                return Ok(Saying::Unknown);
            }
        }
        before = Some(step(pool, &instruction)?);
    }
    Ok(match found {
        Some(Some(Step::Says(saying))) => saying,
        _ => Saying::Unknown,
    })
}

fn code<'a>(pool: &ConstantPool<'a>, method: &Method<'a>) -> Result<Option<Code<'a>>, ClassFileError> {
    Ok(method.attributes().find_attribute::<Code<'a>>(pool)?)
}

/// One instruction, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Says(Saying),
    Class,
    Package,
    JarVersion,
    Other,
}

fn outcome(steps: &[Step]) -> Saying {
    match steps {
        [Step::Says(saying)] => saying.clone(),
        [Step::Class, Step::Package, Step::JarVersion] => Saying::Jar,
        _ => Saying::Unknown,
    }
}

fn step(pool: &ConstantPool<'_>, instruction: &RawInstruction<'_>) -> Result<Step, ClassFileError> {
    Ok(match instruction {
        RawInstruction::AConstNull => Step::Says(Saying::Null),
        RawInstruction::LdC { index } | RawInstruction::LdCW { index } => match pool.get(*index)? {
            Item::Class(_) => Step::Class,
            _ => text_item(pool, *index)?.map_or(Step::Other, |text| Step::Says(Saying::Text(text))),
        },
        RawInstruction::GetStatic { index } => {
            let field = pool.get(*index)?;
            let (class, name, _) = member(pool, field.class, field.name_and_type)?;
            Step::Says(Saying::Field(class, name))
        }
        RawInstruction::InvokeVirtual { index } => {
            let method = pool.get(*index)?;
            match call(member(pool, method.class, method.name_and_type)?) {
                Step::Says(Saying::Method(_, name)) => Step::Says(Saying::Own(name)),
                step => step,
            }
        }
        RawInstruction::InvokeStatic { index } | RawInstruction::InvokeSpecial { index } => match pool.get(*index)? {
            Item::MethodRef(method) => call(member(pool, method.class, method.name_and_type)?),
            Item::InterfaceMethodRef(method) => call(member(pool, method.class, method.name_and_type)?),
            _ => Step::Other,
        },
        _ => Step::Other,
    })
}

fn call((class, name, descriptor): (String, String, String)) -> Step {
    match (class.as_str(), name.as_str(), descriptor.as_str()) {
        (_, "getClass", "()Ljava/lang/Class;") => Step::Class,
        ("java.lang.Class", "getPackage", _) => Step::Package,
        ("java.lang.Package", "getImplementationVersion", _) => Step::JarVersion,
        ("org.apache.kafka.common.utils.AppInfoParser", "getVersion", _) => Step::Says(Saying::Kafka),
        (_, _, GIVES_TEXT) => Step::Says(Saying::Method(class, name)),
        _ => Step::Other,
    }
}

fn member<'a>(
    pool: &ConstantPool<'a>,
    class: cpool::Index<cpool::Class<'a>>,
    member: cpool::Index<cpool::NameAndType<'a>>,
) -> Result<(String, String, String), ClassFileError> {
    let member = pool.get(member)?;
    let name = text(pool.get(member.name)?.content)?;
    Ok((class_name(pool, class)?, name, text(pool.get(member.descriptor)?.content)?))
}

fn text_item<'a>(pool: &ConstantPool<'a>, index: cpool::Index<Item<'a>>) -> Result<Option<String>, ClassFileError> {
    match pool.get(index)? {
        Item::String(constant) => Ok(Some(text(pool.get(constant.string)?.content)?)),
        _ => Ok(None),
    }
}

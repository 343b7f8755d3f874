//! One configuration key and everything REST answers tell about it.

use std::fmt;
use std::sync::Arc;

use crate::definition::AnyClass;
use crate::recommender::Recommender;
use crate::validator::Validator;
use crate::value::{Type, Value};

/// How much a key matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Almost everybody sets it.
    High,
    /// Some set it.
    Medium,
    /// Few need it.
    Low,
}

impl Importance {
    /// The name as REST answers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        }
    }
}

/// How wide a form shows the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Not said.
    None,
    /// A number or a word.
    Short,
    /// A name.
    Medium,
    /// A list or a class.
    Long,
}

impl Width {
    /// The name as REST answers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Short => "SHORT",
            Self::Medium => "MEDIUM",
            Self::Long => "LONG",
        }
    }
}

/// What a key is when it was not submitted.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultValue {
    /// An error: the key is required.
    Required,
    /// No value.
    Null,
    /// This value.
    Value(Value),
}

/// A key: name, type, default, rules, and what people are shown. New keys are required, of medium importance, in no
/// group, and shown under their own name.
#[derive(Clone)]
pub struct ConfigKey {
    /// The name users write.
    pub name: String,
    /// The type of its values.
    pub kind: Type,
    /// What it is when not submitted.
    pub default: DefaultValue,
    /// The rule its values keep, defaults included.
    pub validator: Option<Arc<dyn Validator>>,
    /// How much it matters.
    pub importance: Importance,
    /// What it does, for people.
    pub documentation: String,
    /// The group a form shows it in.
    pub group: Option<String>,
    /// Its place in the group; -1 where none was given, as in Java.
    pub order_in_group: i32,
    /// How wide a form shows it.
    pub width: Width,
    /// The name a form shows.
    pub display_name: String,
    /// Keys whose recommended values and visibility depend on this one.
    pub dependents: Vec<String>,
    /// Recommended values and visibility.
    pub recommender: Option<Arc<dyn Recommender>>,
    /// Left out of documentation.
    pub internal: bool,
}

impl ConfigKey {
    /// A required key.
    pub fn new(name: impl Into<String>, kind: Type) -> Self {
        let name = name.into();
        Self {
            display_name: name.clone(),
            name,
            kind,
            default: DefaultValue::Required,
            validator: None,
            importance: Importance::Medium,
            documentation: String::new(),
            group: None,
            order_in_group: -1,
            width: Width::None,
            dependents: Vec::new(),
            recommender: None,
            internal: false,
        }
    }

    /// The value when the key is not submitted: of the key's type, or text that is parsed as it.
    ///
    /// # Panics
    /// When the value does not fit the type: definitions are code, and this one is wrong.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        let value = value.into().coerce(&self.name, self.kind, &AnyClass);
        self.default = DefaultValue::Value(value.expect("the default of a key is a value of its type"));
        self
    }

    /// No value when the key is not submitted.
    #[must_use]
    pub fn default_null(mut self) -> Self {
        self.default = DefaultValue::Null;
        self
    }

    /// `default` for `Some`, `default_null` for `None`.
    #[must_use]
    pub fn default_option(self, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.default(value),
            None => self.default_null(),
        }
    }

    /// The rule for values.
    #[must_use]
    pub fn validator(mut self, validator: impl Validator + 'static) -> Self {
        self.validator = Some(Arc::new(validator));
        self
    }

    /// How much the key matters.
    #[must_use]
    pub fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// What the key does, for people.
    #[must_use]
    pub fn doc(mut self, documentation: impl Into<String>) -> Self {
        self.documentation = documentation.into();
        self
    }

    /// The group and the place in it.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>, order_in_group: i32) -> Self {
        self.group = Some(group.into());
        self.order_in_group = order_in_group;
        self
    }

    /// How wide a form shows the value.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The name a form shows.
    #[must_use]
    pub fn display_name(mut self, display_name: impl Into<String>) -> Self {
        self.display_name = display_name.into();
        self
    }

    /// The keys that depend on this one.
    #[must_use]
    pub fn dependents<S: Into<String>>(mut self, dependents: impl IntoIterator<Item = S>) -> Self {
        self.dependents = dependents.into_iter().map(Into::into).collect();
        self
    }

    /// Where recommended values and visibility come from.
    #[must_use]
    pub fn recommender(mut self, recommender: impl Recommender + 'static) -> Self {
        self.recommender = Some(Arc::new(recommender));
        self
    }

    /// Leaves the key out of documentation.
    #[must_use]
    pub fn internal(mut self) -> Self {
        self.internal = true;
        self
    }

    /// Whether the key may be left out.
    pub fn has_default(&self) -> bool {
        self.default != DefaultValue::Required
    }

    /// The default as a value; `None` for a null default and for a required key.
    pub fn default_value(&self) -> Option<&Value> {
        match &self.default {
            DefaultValue::Value(value) => Some(value),
            DefaultValue::Null | DefaultValue::Required => None,
        }
    }
}

impl fmt::Debug for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigKey")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("default", &self.default)
            .field("validator", &self.validator.as_ref().map(|validator| validator.describe()))
            .field("importance", &self.importance)
            .field("group", &self.group)
            .field("order_in_group", &self.order_in_group)
            .finish_non_exhaustive()
    }
}

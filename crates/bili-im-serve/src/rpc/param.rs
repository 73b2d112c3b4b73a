//! The parameters of methods.

use serde_json::{Value, json};

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_needed: bool,
    /// What it is when it is left out.
    pub(crate) default: Option<u64>,
    /// The largest number.
    pub(crate) most: u64,
    pub(crate) about: &'static str,
}

/// What a parameter can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A number, or its digits as a text.
    Number,
    Numbers,
    Flag,
    Talker,
    Object,
}

/// A parameter that must be given.
pub(crate) const fn needed(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param {
        is_needed: true,
        ..optional(name, kind, about)
    }
}

/// A parameter that can be given.
pub(crate) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param {
        name,
        kind,
        is_needed: false,
        default: None,
        most: u64::MAX,
        about,
    }
}

/// A number that is `default` when it is left out, and `most` at most.
pub(crate) const fn count(
    name: &'static str,
    default: u64,
    most: u64,
    about: &'static str,
) -> Param {
    Param {
        default: Some(default),
        most,
        ..optional(name, Kind::Number, about)
    }
}

impl Param {
    /// What it is when it is left out, if that is known.
    pub(crate) fn default(&self) -> Option<Value> {
        match self.kind {
            Kind::Flag => Some(false.into()),
            _ => self.default.map(Value::from),
        }
    }

    /// As a JSON schema.
    pub(crate) fn schema(&self) -> Value {
        let mut schema = self.kind.schema();
        if let Value::Object(fields) = &mut schema {
            let default = self
                .default()
                .map(|default| ("default".to_owned(), default));
            let most = (self.most < u64::MAX).then(|| ("maximum".to_owned(), self.most.into()));
            fields.extend(default.into_iter().chain(most));
        }
        schema
    }
}

impl Kind {
    /// Whether a value is of this kind.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => number(value).is_some(),
            Self::Numbers => {
                let are_numbers = |values: &Vec<_>| values.iter().all(|one| number(one).is_some());
                value.as_array().is_some_and(are_numbers)
            }
            Self::Flag => value.is_boolean(),
            Self::Talker | Self::Object => value.is_object(),
        }
    }

    /// In one word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Numbers => "numbers",
            Self::Flag => "boolean",
            Self::Talker => "talker",
            Self::Object => "object",
        }
    }

    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number, or its digits as a text",
            Self::Numbers => "a list of numbers",
            Self::Flag => "true or false",
            Self::Talker => "{\"user\":\"UID\"} or {\"group\":\"ID\"}",
            Self::Object => "an object",
        }
    }

    /// As a JSON schema.
    fn schema(self) -> Value {
        let number = json!({ "type": ["integer", "string"], "pattern": "^[0-9]+$", "minimum": 0 });
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Number => number,
            Self::Numbers => json!({ "type": "array", "items": number }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Talker => json!({
                "oneOf": [
                    { "type": "object", "required": ["user"], "properties": { "user": number } },
                    { "type": "object", "required": ["group"], "properties": { "group": number } },
                ],
            }),
            Self::Object => json!({ "type": "object" }),
        }
    }
}

/// A number, or its digits.
pub(crate) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) => digits.parse().ok(),
        value => value.as_u64(),
    }
}

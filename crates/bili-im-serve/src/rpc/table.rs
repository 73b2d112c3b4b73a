//! What a method is.

use std::{borrow::Cow, marker::PhantomData};

use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    call::{Call, Fault},
    methods,
};

/// A method.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) right: Right,
    pub(crate) scope: Scope,
    pub(crate) params: &'static [Param],
    pub(crate) result: &'static str,
    pub(crate) answers: Answers,
}

/// What a method does, and what its results are.
pub(crate) struct Answers {
    pub(crate) run: fn(Call) -> BoxFuture<'static, Result<Value, Fault>>,
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
}

/// A function from a call to a result.
macro_rules! answers {
    ($function:expr) => {
        $crate::rpc::table::Answers {
            run: |call| Box::pin(async move { $crate::rpc::call::done(&($function)(call).await?) }),
            schema: $crate::rpc::table::schema_of(&$function),
        }
    };
}
pub(crate) use answers;

/// The schema of what a function gives.
pub(crate) const fn schema_of<T, R, F>(_: &F) -> fn(&mut SchemaGenerator) -> Schema
where
    T: JsonSchema,
    R: Future<Output = Result<T, Fault>>,
    F: Fn(Call) -> R,
{
    |generator| generator.subschema_for::<T>()
}

/// A result that is JSON already: that of a `T`.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Of<T>(Value, #[serde(skip)] PhantomData<T>);

impl<T> From<Value> for Of<T> {
    fn from(json: Value) -> Self {
        Self(json, PhantomData)
    }
}

impl<T: JsonSchema> JsonSchema for Of<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// What a token needs to call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Write,
}

/// What a method is about. This decides which tokens may call it, and which parameters it has
/// beside its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The process.
    Process,
    /// An account: `account`.
    Account,
    /// An account, in all its conversations: `account`. Not for tokens with talkers.
    WholeAccount,
    /// A conversation: `account`, `talker`.
    Talker,
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_needed: bool,
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

pub(crate) const ACCOUNT: Param = Param {
    name: "account",
    kind: Kind::Text,
    is_needed: false,
    about: "the account's name; needed when there are several",
};

pub(crate) const TALKER: Param = Param {
    name: "talker",
    kind: Kind::Talker,
    is_needed: true,
    about: "the other side: {\"user\":\"UID\"} or {\"group\":\"ID\"}",
};

/// A parameter that must be given.
pub(crate) const fn needed(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param {
        name,
        kind,
        is_needed: true,
        about,
    }
}

/// A parameter that can be given.
pub(crate) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param {
        name,
        kind,
        is_needed: false,
        about,
    }
}

/// All methods.
pub(crate) fn all() -> impl Iterator<Item = &'static Method> {
    methods::ALL.iter().copied().flatten()
}

impl Method {
    /// All its parameters.
    pub(crate) fn params(&self) -> impl Iterator<Item = &'static Param> {
        let common: &[Param] = match self.scope {
            Scope::Process => &[],
            Scope::Account | Scope::WholeAccount => &[ACCOUNT],
            Scope::Talker => &[ACCOUNT, TALKER],
        };
        common.iter().chain(self.params)
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
    pub(crate) fn schema(self) -> Value {
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

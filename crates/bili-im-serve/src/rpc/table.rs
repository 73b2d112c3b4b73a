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
    /// The process, with all that it serves. Not for tokens with accounts or talkers.
    Everything,
    /// A profile, which may be served or not: `account`. Not for tokens with talkers.
    Profile,
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

const ACCOUNT: Param = optional(
    "account",
    Kind::Text,
    "the account's name; needed when there are several",
);

const PROFILE: Param = needed("account", Kind::Text, "the account's name");

const TALKER: Param = needed(
    "talker",
    Kind::Talker,
    "the other side: {\"user\":\"UID\"} or {\"group\":\"ID\"}",
);

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

/// All methods.
pub(crate) fn all() -> impl Iterator<Item = &'static Method> {
    methods::ALL.iter().copied().flatten()
}

impl Method {
    /// All its parameters.
    pub(crate) fn params(&self) -> impl Iterator<Item = &'static Param> {
        let common: &[Param] = match self.scope {
            Scope::Process | Scope::Everything => &[],
            Scope::Profile => &[PROFILE],
            Scope::Account | Scope::WholeAccount => &[ACCOUNT],
            Scope::Talker => &[ACCOUNT, TALKER],
        };
        common.iter().chain(self.params)
    }

    /// Which tokens may call it.
    pub(crate) fn needs(&self) -> String {
        let right = match self.right {
            Right::Read => "read",
            Right::Write => "write",
        };
        let scope = match self.scope {
            Scope::Process => "",
            Scope::Everything => {
                ", for all accounts and conversations (without `accounts=` and `talkers=`)"
            }
            Scope::Account => ", for this account",
            Scope::Profile | Scope::WholeAccount => {
                ", for this account and all its conversations (without `talkers=`)"
            }
            Scope::Talker => ", for this account and this conversation",
        };
        format!("Needs a token that may {right}{scope}.")
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

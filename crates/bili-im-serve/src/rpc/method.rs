//! What a method is.

use std::{borrow::Cow, marker::PhantomData};

use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::{
    call::{Call, Fault},
    param::{Kind, Param, needed, optional},
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
        $crate::rpc::method::Answers {
            run: |call| Box::pin(async move { $crate::rpc::call::done(&($function)(call).await?) }),
            schema: $crate::rpc::method::schema_of(&$function),
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

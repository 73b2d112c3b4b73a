//! Why a call failed.

use std::{borrow::Cow, process::ExitCode, time::Duration};

use bili_im_proto::{Error, Invalid, Missing, RefusalKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// The exit code of a program that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Anything else.
    Other = 1,
    /// The input is wrong.
    WrongUse = 2,
    /// There is no login, or it is over.
    NotLoggedIn = 3,
    /// The service refused.
    Refused = 4,
    /// Too fast, or stopped by risk control.
    TooFast = 5,
    /// The service cannot be reached.
    Network = 6,
    /// It is unknown whether a message was sent.
    Unconfirmed = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl JsonSchema for Exit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Exit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 7 })
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

/// An error: the `error` object of the program's page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ErrorJson {
    /// What happened, in one word that does not change.
    pub kind: Cow<'static, str>,
    /// The service's code.
    pub code: Option<i64>,
    /// The call that failed.
    pub endpoint: Option<&'static str>,
    /// The error in words.
    pub message: Box<str>,
    /// What the user can do.
    pub advice: Option<Cow<'static, str>>,
    /// After how long it may be tried again.
    pub retry_after_seconds: Option<u64>,
    /// The program's exit code.
    pub exit_code: Exit,
}

impl ErrorJson {
    /// An error that is not the library's.
    pub fn new(
        exit: Exit,
        kind: impl Into<Cow<'static, str>>,
        message: impl Into<Box<str>>,
    ) -> Self {
        Self {
            kind: kind.into(),
            code: None,
            endpoint: None,
            message: message.into(),
            advice: None,
            retry_after_seconds: None,
            exit_code: exit,
        }
    }
}

impl From<Error> for ErrorJson {
    /// With the library's words.
    fn from(error: Error) -> Self {
        let kind: Cow<'static, str> = match error.kind() {
            Some(kind) => kind.name().into(),
            None => kind_of(&error).into(),
        };
        let retry_after = match &error {
            Error::RateLimited(limited) => Some(limited.retry_after),
            Error::Stopped(stopped) => Some(stopped.remaining),
            Error::Refused(refusal) => refusal.retry_after,
            _ => None,
        };
        Self {
            kind,
            code: code_of(&error),
            endpoint: endpoint_of(&error),
            message: error.to_string().into(),
            advice: error.advice().map(Cow::from),
            retry_after_seconds: retry_after.map(whole_seconds),
            exit_code: exit_of(&error),
        }
    }
}

/// Rounds up, so that a retry after this time is not too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::Invalid(Invalid::Missing(missing)) => match missing {
            Missing::Credential => Exit::NotLoggedIn,
            Missing::SigningKeys | Missing::OwnUid => Exit::Other,
            _ => Exit::WrongUse,
        },
        Error::Invalid(_) => Exit::WrongUse,
        Error::Refused(refusal) => match refusal.kind {
            RefusalKind::NotLoggedIn => Exit::NotLoggedIn,
            RefusalKind::RiskControl => Exit::TooFast,
            _ => Exit::Refused,
        },
        Error::RateLimited(_) | Error::Stopped(_) => Exit::TooFast,
        Error::Transport(_) => Exit::Network,
        Error::NotSent(not_sent) => exit_of(&not_sent.cause),
        Error::Unconfirmed(_) => Exit::Unconfirmed,
        _ => Exit::Other,
    }
}

/// The kind of an error that is not the service's refusal.
fn kind_of(error: &Error) -> &'static str {
    match error {
        Error::Invalid(_) if exit_of(error) == Exit::WrongUse => "Usage",
        Error::Transport(_) => "Network",
        Error::NotSent(not_sent) => kind_of(&not_sent.cause),
        Error::Unreadable(_) => "Unreadable",
        Error::Unconfirmed(_) => "Unconfirmed",
        _ => "Other",
    }
}

fn endpoint_of(error: &Error) -> Option<&'static str> {
    match error {
        Error::Refused(refusal) => Some(refusal.endpoint),
        Error::RateLimited(limited) => Some(limited.endpoint),
        Error::Stopped(stopped) => Some(stopped.endpoint),
        Error::Unreadable(unreadable) => Some(unreadable.endpoint),
        Error::Transport(transport) => Some(transport.endpoint),
        Error::NotSent(not_sent) => endpoint_of(&not_sent.cause),
        Error::Unconfirmed(unconfirmed) => endpoint_of(&unconfirmed.cause),
        _ => None,
    }
}

fn code_of(error: &Error) -> Option<i64> {
    match error {
        Error::Refused(refusal) => refusal.code,
        Error::RateLimited(limited) => limited.refusal.as_ref()?.code,
        Error::NotSent(not_sent) => code_of(&not_sent.cause),
        Error::Unconfirmed(unconfirmed) => code_of(&unconfirmed.cause),
        _ => None,
    }
}

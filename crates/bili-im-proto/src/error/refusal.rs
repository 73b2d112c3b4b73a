//! Refusals of the service, and what they mean (docs/protocol.md §3).

use std::{fmt, time::Duration};

use crate::printable::Printable;

/// A call that the service refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Refusal {
    /// The call's [name](crate::Spec::name).
    pub endpoint: &'static str,
    /// What the refusal means.
    pub kind: RefusalKind,
    /// The envelope's `code`; `None` when the answer had none.
    pub code: Option<i64>,
    /// The HTTP status.
    pub status: u16,
    /// The service's own words; may be empty.
    pub message: String,
    /// How long to wait, if the service said so.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Whether the request certainly took no effect. Not so for HTTP status 5xx and the codes -500,
    /// -503, -504 and -8888: they also occur when the service carried out the call but lost its own
    /// answer.
    pub fn is_certain(&self) -> bool {
        self.status < 500 && !matches!(self.code, Some(-500 | -503 | -504 | -8888))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was refused", self.endpoint)?;
        match self.code {
            Some(code) => write!(f, " with code {code}")?,
            None if self.status >= 300 => write!(f, " with HTTP status {}", self.status)?,
            None => {}
        }
        if let Some(meaning) = self.kind.meaning() {
            write!(f, ": {meaning}")?;
        }
        if !self.message.is_empty() {
            write!(
                f,
                " (the service's words: {})",
                Printable(&excerpt(&self.message))
            )?;
        }
        Ok(())
    }
}

/// The first 200 characters of a text.
fn excerpt(text: &str) -> String {
    const LIMIT: usize = 200;
    if text.chars().count() <= LIMIT {
        text.to_owned()
    } else {
        text.chars().take(LIMIT).chain(['…']).collect()
    }
}

/// What a refusal means. The same code can have different meanings at different endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The cookie is missing, wrong or expired.
    NotLoggedIn,
    /// The CSRF token is wrong.
    Csrf,
    /// A parameter is bad, or a signature is missing.
    BadRequest,
    /// The account has no permission.
    Forbidden,
    /// What was asked for does not exist.
    NotFound,
    /// Risk control refused the call.
    RiskControl,
    /// The account is going too fast.
    RateLimited,
    /// The service has a problem of its own.
    Service,
    /// The account is banned.
    AccountBanned,
    /// A phone number must be bound first.
    PhoneRequired,
    /// The account's real name must be confirmed first.
    RealNameRequired,
    /// The message does not exist.
    NoSuchMessage,
    /// The message is too long.
    TooLong,
    /// One cannot write to oneself.
    ToSelf,
    /// This kind of message cannot be sent now.
    Unavailable,
    /// The image is not accepted.
    BadImage,
    /// The message is older than 120 s, the limit for recalling it.
    RecallExpired,
    /// The message was recalled before.
    AlreadyRecalled,
    /// The receiver gets no second message until they answer or follow the account.
    StrangerLimit,
    /// The receiver's privacy settings forbid the message.
    RefusedByReceiver,
    /// The account blocked the receiver.
    Blocked,
    /// The group was dissolved, or the account is not a member.
    GroupGone,
    /// The session does not exist yet.
    NoSuchSession,
    /// The code is unknown.
    Other,
}

impl RefusalKind {
    /// What `code` means unless an endpoint defines it otherwise (docs/protocol.md §3).
    pub(crate) fn of(code: i64) -> Self {
        match code {
            -101 | -6 | -401 => Self::NotLoggedIn,
            -111 => Self::Csrf,
            -400 | 2 => Self::BadRequest,
            -403 | -106 | 700009 => Self::Forbidden,
            -404 => Self::NotFound,
            -352 | -412 => Self::RiskControl,
            -509 | -799 | 21020 | 21046 => Self::RateLimited,
            -500 | -503 | -504 | -3 | -8888 | -112 => Self::Service,
            -102 => Self::AccountBanned,
            -108 | -110 | -114 | 21015 => Self::PhoneRequired,
            -113 | -115 => Self::RealNameRequired,
            10005 => Self::NoSuchMessage,
            21007 => Self::TooLong,
            21026 => Self::ToSelf,
            21028 | 21035 => Self::Unavailable,
            21037 => Self::BadImage,
            21041 => Self::RecallExpired,
            21042 => Self::AlreadyRecalled,
            21047 => Self::StrangerLimit,
            25003 => Self::RefusedByReceiver,
            25005 => Self::Blocked,
            700013 | 700014 => Self::GroupGone,
            1000004 => Self::NoSuchSession,
            _ => Self::Other,
        }
    }

    /// The meaning in words; `None` for [`Other`](Self::Other).
    pub fn meaning(self) -> Option<&'static str> {
        Some(match self {
            Self::NotLoggedIn => "not logged in",
            Self::Csrf => "the CSRF token (bili_jct) is wrong",
            Self::BadRequest => "bad request or missing signature",
            Self::Forbidden => "no permission",
            Self::NotFound => "not found",
            Self::RiskControl => "stopped by the service's risk control",
            Self::RateLimited => "too fast",
            Self::Service => "trouble at the service",
            Self::AccountBanned => "the account is banned",
            Self::PhoneRequired => "a phone number must be bound to the account first",
            Self::RealNameRequired => "the account's real name must be confirmed first",
            Self::NoSuchMessage => "there is no such message",
            Self::TooLong => "the message is too long",
            Self::ToSelf => "one cannot write to oneself",
            Self::Unavailable => "this kind of message cannot be sent now",
            Self::BadImage => "the image is not accepted",
            Self::RecallExpired => "the 120 s for recalling it are over",
            Self::AlreadyRecalled => "it was recalled before",
            Self::StrangerLimit => "only one message may be sent until they answer or follow",
            Self::RefusedByReceiver => "the receiver's settings do not allow it",
            Self::Blocked => "the receiver is on the account's block list",
            Self::GroupGone => "the group is dissolved or the account is not in it",
            Self::NoSuchSession => "there is no such session yet",
            Self::Other => return None,
        })
    }

    /// What the user can do; `None` when there is nothing to add.
    pub fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::NotLoggedIn => {
                "a cookie copied from a browser ends when the browser renews its own; log in for this \
                 program alone, which lasts for months"
            }
            Self::Csrf => "give SESSDATA and bili_jct of the same login",
            Self::BadRequest => "trying again will not help; check the numbers given",
            Self::Forbidden | Self::AccountBanned => "trying again will not help",
            Self::RiskControl => {
                "stop, open the site in a browser and confirm there that it is you"
            }
            Self::RateLimited => "wait for the time given and go slower",
            Self::Service => "try again later",
            Self::PhoneRequired | Self::RealNameRequired => "do this on the site",
            Self::StrangerLimit => "wait until they answer or follow the account",
            Self::Blocked => "take them off the block list first",
            Self::BadImage => "use a JPEG, PNG or GIF uploaded to the service",
            Self::Unavailable => "try again later or send a plain text",
            _ => return None,
        })
    }

    /// The variant's name, for programs to print. It stays the same in later versions.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotLoggedIn => "NotLoggedIn",
            Self::Csrf => "Csrf",
            Self::BadRequest => "BadRequest",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::RiskControl => "RiskControl",
            Self::RateLimited => "RateLimited",
            Self::Service => "Service",
            Self::AccountBanned => "AccountBanned",
            Self::PhoneRequired => "PhoneRequired",
            Self::RealNameRequired => "RealNameRequired",
            Self::NoSuchMessage => "NoSuchMessage",
            Self::TooLong => "TooLong",
            Self::ToSelf => "ToSelf",
            Self::Unavailable => "Unavailable",
            Self::BadImage => "BadImage",
            Self::RecallExpired => "RecallExpired",
            Self::AlreadyRecalled => "AlreadyRecalled",
            Self::StrangerLimit => "StrangerLimit",
            Self::RefusedByReceiver => "RefusedByReceiver",
            Self::Blocked => "Blocked",
            Self::GroupGone => "GroupGone",
            Self::NoSuchSession => "NoSuchSession",
            Self::Other => "Other",
        }
    }
}

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

/// Declares [`RefusalKind`]. Each kind has the codes that mean it unless an endpoint defines them
/// otherwise (docs/protocol.md §3), and its meaning in words.
macro_rules! refusal_kinds {
    ($($(#[$doc:meta])* $kind:ident = $($code:literal)|+, $meaning:literal;)*) => {
        /// What a refusal means. The same code can have different meanings at different endpoints.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RefusalKind {
            $($(#[$doc])* $kind,)*
            /// The code is unknown.
            Other,
        }

        impl RefusalKind {
            /// What `code` means unless an endpoint defines it otherwise.
            pub(crate) fn of(code: i64) -> Self {
                match code {
                    $($($code)|+ => Self::$kind,)*
                    _ => Self::Other,
                }
            }

            /// The meaning in words; `None` for [`Other`](Self::Other).
            pub fn meaning(self) -> Option<&'static str> {
                match self {
                    $(Self::$kind => Some($meaning),)*
                    Self::Other => None,
                }
            }

            /// The variant's name, for programs to print. It stays the same in later versions.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)*
                    Self::Other => "Other",
                }
            }
        }
    };
}

refusal_kinds! {
    /// The cookie is missing, wrong or expired.
    NotLoggedIn = -101 | -6 | -401, "not logged in";
    /// The CSRF token is wrong.
    Csrf = -111, "the CSRF token (bili_jct) is wrong";
    /// A parameter is bad, or a signature is missing.
    BadRequest = -400 | 2 | 4100001, "bad request or missing signature";
    /// The account has no permission.
    Forbidden = -403 | -106 | 700009, "no permission";
    /// What was asked for does not exist.
    NotFound = -404, "not found";
    /// Risk control refused the call.
    RiskControl = -352 | -412, "stopped by the service's risk control";
    /// The account is going too fast.
    RateLimited = -509 | -799 | 21020 | 21046, "too fast";
    /// The service has a problem of its own.
    Service = -500 | -503 | -504 | -3 | -8888 | -112, "trouble at the service";
    /// The account is banned.
    AccountBanned = -102, "the account is banned";
    /// A phone number must be bound first.
    PhoneRequired = -108 | -110 | -114 | 21015, "a phone number must be bound to the account first";
    /// The account's real name must be confirmed first.
    RealNameRequired = -113 | -115, "the account's real name must be confirmed first";
    /// The message does not exist.
    NoSuchMessage = 10005, "there is no such message";
    /// The message is too long.
    TooLong = 21007, "the message is too long";
    /// The request is too large, because of its image for example.
    TooLarge = -413, "the request is too large";
    /// One cannot write to oneself.
    ToSelf = 21026, "one cannot write to oneself";
    /// This kind of message cannot be sent now.
    Unavailable = 21028 | 21035, "the service does not send this kind of message now";
    /// The image is not accepted.
    BadImage = 21037, "the image is not accepted";
    /// The message is older than 120 s, the limit for recalling it.
    RecallExpired = 21041, "the 120 s for recalling it are over";
    /// The message was recalled before.
    AlreadyRecalled = 21042, "it was recalled before";
    /// The receiver gets no second message until they answer or follow the account.
    StrangerLimit = 21047, "only one message may be sent until they answer or follow";
    /// The receiver's privacy settings forbid the message.
    RefusedByReceiver = 25003, "the receiver's settings do not allow it";
    /// The account blocked the receiver.
    Blocked = 25005, "the receiver is on the account's block list";
    /// The group was dissolved, or the account is not a member.
    GroupGone = 700013 | 700014, "the group is dissolved or the account is not in it";
    /// The session does not exist yet.
    NoSuchSession = 1000004, "there is no such session yet";
}

impl RefusalKind {
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
            Self::TooLarge => "send less: PNG and JPEG up to 20 MiB, GIF up to 1 MiB",
            Self::Unavailable => {
                "trying again does not help: the service has switched it off, as messages to fan \
                 groups since June 2024"
            }
            _ => return None,
        })
    }
}

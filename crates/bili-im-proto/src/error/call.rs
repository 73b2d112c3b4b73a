//! Why a call failed.

use std::{fmt, time::Duration};

use super::{
    invalid::{ForeignCursor, Invalid, InvalidArgument, InvalidContent, Missing},
    refusal::{Refusal, RefusalKind},
};
use crate::{ids::Talker, printable::Printable};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request could not be made; nothing was sent.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The service refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// Too fast: the service said so just now, or did lately and the account is held back since.
    #[error(transparent)]
    RateLimited(Box<RateLimited>),
    /// Risk control stopped the account lately; nothing was sent.
    #[error(transparent)]
    Stopped(Stopped),
    /// The answer could not be understood.
    #[error(transparent)]
    Unreadable(Box<Unreadable>),
    /// No whole answer came.
    #[error(transparent)]
    Transport(Box<Transport>),
    /// A message was not sent, because a read that it needs first failed.
    #[error(transparent)]
    NotSent(Box<NotSent>),
    /// A message may or may not have been sent.
    #[error(transparent)]
    Unconfirmed(Box<Unconfirmed>),
    /// The flow had ended already.
    #[error("the flow has ended already")]
    Finished,
}

impl Error {
    /// What to do about it, in one sentence; `None` when there is nothing to add.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Invalid(invalid) => invalid.advice(),
            Self::Refused(refusal) => refusal.kind.advice(),
            Self::RateLimited(_) => RefusalKind::RateLimited.advice(),
            Self::Stopped(_) => RefusalKind::RiskControl.advice(),
            Self::Unreadable(_) => {
                Some("try again later; if it stays, report it with the excerpt above")
            }
            Self::Transport(_) => Some("check the network and try again"),
            Self::NotSent(not_sent) => not_sent.cause.advice(),
            Self::Unconfirmed(_) => {
                Some("look at the conversation before sending it again: it may have arrived")
            }
            Self::Finished => None,
        }
    }

    /// The kind of refusal, when the service refused, now or lately.
    pub fn kind(&self) -> Option<RefusalKind> {
        match self {
            Self::Refused(refusal) => Some(refusal.kind),
            Self::RateLimited(_) => Some(RefusalKind::RateLimited),
            Self::Stopped(_) => Some(RefusalKind::RiskControl),
            Self::NotSent(not_sent) => not_sent.cause.kind(),
            _ => None,
        }
    }

    /// Whether no call of this login goes through until its owner does something: the login is
    /// lost, the account is banned, or risk control stopped it.
    pub fn ends_login(&self) -> bool {
        matches!(
            self.kind(),
            Some(RefusalKind::NotLoggedIn | RefusalKind::RiskControl | RefusalKind::AccountBanned)
        )
    }

    /// Whether the request certainly had no effect.
    ///
    /// Business refusals are certain; service trouble, unreadable and lost answers are not.
    pub fn took_no_effect(&self) -> bool {
        match self {
            Self::Invalid(_) => true,
            Self::Refused(refusal) => refusal.is_certain(),
            Self::RateLimited(_) | Self::Stopped(_) | Self::NotSent(_) => true,
            Self::Transport(transport) => transport.sent == Sent::No,
            Self::Unreadable(_) | Self::Unconfirmed(_) | Self::Finished => false,
        }
    }
}

macro_rules! from_kinds_of_invalid {
    ($($kind:ty)*) => {
        $(impl From<$kind> for Error {
            fn from(kind: $kind) -> Self {
                Self::Invalid(kind.into())
            }
        })*
    };
}

from_kinds_of_invalid! { ForeignCursor InvalidArgument InvalidContent Missing }

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        if refusal.kind == RefusalKind::RateLimited {
            Self::RateLimited(Box::new(RateLimited {
                endpoint: refusal.endpoint,
                retry_after: refusal.retry_after.unwrap_or(FIRST_BACK_OFF),
                refusal: Some(refusal),
            }))
        } else {
            Self::Refused(Box::new(refusal))
        }
    }
}

/// The least wait after "too fast" (docs/protocol.md §14).
pub(crate) const FIRST_BACK_OFF: Duration = Duration::from_secs(30);

/// A call that was refused, or held back, for being too fast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct RateLimited {
    /// Which call.
    pub endpoint: &'static str,
    /// How long to wait before trying again.
    pub retry_after: Duration,
    /// What the service said; `None` when nothing was sent because of an earlier refusal.
    #[source]
    pub refusal: Option<Refusal>,
}

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refusal {
            Some(refusal) => refusal.fmt(f)?,
            None => write!(
                f,
                "{} was not tried: the service said lately that this account is too fast",
                self.endpoint
            )?,
        }
        write!(f, "; wait {} s", self.retry_after.as_secs_f64().ceil())
    }
}

/// A call that was not made because risk control stopped the account lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error(
    "{endpoint} was not tried: risk control stopped this account lately; the stop lasts {} s more",
    remaining.as_secs_f64().ceil()
)]
pub struct Stopped {
    /// Which call.
    pub endpoint: &'static str,
    /// How long the stop lasts, unless it is [lifted](crate::Account::lift_stop).
    pub remaining: Duration,
}

/// An answer that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error(
    "the answer to {endpoint} cannot be read: {reason} (HTTP status {status}; it begins: {excerpt})"
)]
pub struct Unreadable {
    /// Which call was answered so.
    pub endpoint: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with it, naming the field where one is missing.
    pub reason: String,
    /// Its first 200 bytes, made printable.
    pub excerpt: String,
}

/// Whether a request that failed may have reached the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Certainly not.
    No,
    /// It may have.
    Maybe,
}

/// A call to which no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{endpoint} {}: {}", failed(*sent), Printable(cause))]
pub struct Transport {
    /// Which call.
    pub endpoint: &'static str,
    /// Whether the request may have reached the service.
    pub sent: Sent,
    /// The HTTP client's words.
    pub cause: String,
}

fn failed(sent: Sent) -> &'static str {
    match sent {
        Sent::No => "could not be sent",
        Sent::Maybe => "got no whole answer",
    }
}

/// A message that was not sent, because a read that it needs first failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("the message to {talker} was not sent: {cause}")]
pub struct NotSent {
    /// To whom.
    pub talker: Talker,
    /// Why the read failed, three times in a row.
    #[source]
    pub cause: Error,
}

/// A message of which it is not known whether it was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Unconfirmed {
    /// To whom, when the call was a message.
    pub talker: Option<Talker>,
    /// What left it open.
    #[source]
    pub cause: Error,
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.talker {
            Some(talker) => write!(f, "the message to {talker}")?,
            None => f.write_str("the call")?,
        }
        write!(
            f,
            " is unconfirmed, it may or may not have been sent: {}",
            self.cause
        )
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_names_its_cause() {
        let cause = Error::from(Missing::OwnUid);
        let unconfirmed = Error::Unconfirmed(Box::new(Unconfirmed {
            talker: None,
            cause: cause.clone(),
        }));
        assert_eq!(unconfirmed.source().unwrap().to_string(), cause.to_string());
    }

    #[test]
    fn what_cannot_be_sent_is_told_by_what_to_do_about_it() {
        for (error, told) in [
            (InvalidContent::EmptyText.into(), "the text is empty"),
            (
                InvalidArgument::ToSelf.into(),
                "one cannot write to oneself",
            ),
            (Missing::Credential.into(), "the call needs a login"),
        ] {
            let error: Error = error;
            assert!(matches!(error, Error::Invalid(_)));
            assert_eq!(error.to_string(), told);
        }
    }
}

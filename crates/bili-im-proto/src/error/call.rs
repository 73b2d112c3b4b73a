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
    /// The request could not be built. Nothing was sent.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The service refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The call came too fast. The service refused it just now, or refused an earlier one, and the
    /// account is still held back.
    #[error(transparent)]
    RateLimited(Box<RateLimited>),
    /// Risk control stopped the account. Nothing was sent.
    #[error(transparent)]
    Stopped(Stopped),
    /// The answer could not be understood.
    #[error(transparent)]
    Unreadable(Box<Unreadable>),
    /// No complete answer arrived.
    #[error(transparent)]
    Transport(Box<Transport>),
    /// A message was not sent, because the read required before it failed.
    #[error(transparent)]
    NotSent(Box<NotSent>),
    /// It is unknown whether a message was sent.
    #[error(transparent)]
    Unconfirmed(Box<Unconfirmed>),
    /// The flow had already ended.
    #[error("the flow has ended already")]
    Finished,
}

impl Error {
    /// What the user can do, in one sentence; `None` when there is nothing to add.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Invalid(invalid) => invalid.advice(),
            Self::Refused(refusal) => refusal.kind.advice(),
            Self::RateLimited(_) => RefusalKind::RateLimited.advice(),
            Self::Stopped(_) => RefusalKind::RiskControl.advice(),
            Self::Unreadable(unreadable) if unreadable.is_html => Some(
                "this is usually a block or risk control, and repeating makes it worse: wait some \
                 hours, and open the site in a browser on the same network",
            ),
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

    /// What the service's refusal means, if the call was refused now or held back because of an
    /// earlier refusal.
    pub fn kind(&self) -> Option<RefusalKind> {
        match self {
            Self::Refused(refusal) => Some(refusal.kind),
            Self::RateLimited(_) => Some(RefusalKind::RateLimited),
            Self::Stopped(_) => Some(RefusalKind::RiskControl),
            Self::NotSent(not_sent) => not_sent.cause.kind(),
            _ => None,
        }
    }

    /// Whether all calls of this login will fail until its owner acts: the login is no longer
    /// valid, the account is banned, or risk control stopped it.
    pub fn ends_login(&self) -> bool {
        matches!(
            self.kind(),
            Some(RefusalKind::NotLoggedIn | RefusalKind::RiskControl | RefusalKind::AccountBanned)
        )
    }

    /// Whether a watch stops, instead of trying again later.
    pub(crate) fn ends_watch(&self) -> bool {
        match self {
            // Others may pass: an answer without keys, say.
            Self::Invalid(invalid) => matches!(
                invalid,
                Invalid::ForeignCursor(_)
                    | Invalid::CursorVersion(_)
                    | Invalid::Missing(Missing::Credential)
            ),
            Self::Finished => true,
            _ => self.ends_login(),
        }
    }

    /// Whether the request certainly had no effect.
    ///
    /// True for requests that were never sent and for most refusals; see [`Refusal::is_certain`].
    /// False when the answer is unreadable or did not arrive.
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

/// The first wait after "too fast" (docs/protocol.md §14).
pub(crate) const FIRST_BACK_OFF: Duration = Duration::from_secs(30);

/// A call that was refused or held back as too fast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct RateLimited {
    /// The call's [name](crate::Spec::name).
    pub endpoint: &'static str,
    /// How long to wait before trying again.
    pub retry_after: Duration,
    /// The service's refusal of this call. `None` when the call was held back and nothing was sent.
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

/// A call that was not made because risk control stopped the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error(
    "{endpoint} was not tried: risk control stopped this account lately; the stop lasts {} s more",
    remaining.as_secs_f64().ceil()
)]
pub struct Stopped {
    /// The call's [name](crate::Spec::name).
    pub endpoint: &'static str,
    /// How long the stop still lasts, unless it is [lifted](crate::Account::lift_stop).
    pub remaining: Duration,
}

/// An answer that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error(
    "the answer to {endpoint} cannot be read: {reason} (HTTP status {status}; it begins: {excerpt})"
)]
pub struct Unreadable {
    /// The call's [name](crate::Spec::name).
    pub endpoint: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with the answer. A missing field is named.
    pub reason: String,
    /// Whether it is a page of HTML, as a block or risk control gives.
    pub is_html: bool,
    /// Its first 200 bytes, as [`Printable`] text.
    pub excerpt: String,
}

/// Whether a failed request may have reached the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Certainly not.
    No,
    /// Perhaps.
    Maybe,
}

/// A call without a complete answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{endpoint} {}: {}", failed(*sent), Printable(cause))]
pub struct Transport {
    /// The call's [name](crate::Spec::name).
    pub endpoint: &'static str,
    /// Whether the request may have reached the service.
    pub sent: Sent,
    /// The HTTP client's error message.
    pub cause: String,
}

fn failed(sent: Sent) -> &'static str {
    match sent {
        Sent::No => "could not be sent",
        Sent::Maybe => "got no whole answer",
    }
}

/// A message that was not sent, because the read required before it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("the message to {talker} was not sent: {cause}")]
pub struct NotSent {
    /// The receiver.
    pub talker: Talker,
    /// Why the read failed.
    #[source]
    pub cause: Error,
}

/// A call for which it is unknown whether it took effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{} is unconfirmed, it may or may not have been sent: {cause}", unconfirmed(*talker))]
pub struct Unconfirmed {
    /// The receiver, when the call sent a message.
    pub talker: Option<Talker>,
    /// Why the outcome is unknown.
    #[source]
    pub cause: Error,
}

fn unconfirmed(talker: Option<Talker>) -> String {
    talker.map_or("the call".to_owned(), |talker| {
        format!("the message to {talker}")
    })
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
}

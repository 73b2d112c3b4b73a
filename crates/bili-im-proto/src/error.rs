//! What can go wrong, told so that the reader knows what to do (docs/protocol.md §3).

use std::{fmt, time::Duration};

use crate::{
    ids::{Talker, Uid},
    printable::Printable,
};

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
            _ => None,
        }
    }

    /// Whether the request certainly had no effect.
    ///
    /// Business refusals are certain; service trouble, unreadable and lost answers are not.
    pub fn took_no_effect(&self) -> bool {
        match self {
            Self::Invalid(_) => true,
            Self::Refused(refusal) => refusal.is_certain(),
            Self::RateLimited(_) | Self::Stopped(_) => true,
            Self::Transport(transport) => transport.sent == Sent::No,
            Self::Unreadable(_) | Self::Unconfirmed(_) | Self::Finished => false,
        }
    }
}

impl From<ForeignCursor> for Error {
    fn from(foreign: ForeignCursor) -> Self {
        Self::Invalid(foreign.into())
    }
}

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

/// The service's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Which call was refused: the last segment of its path.
    pub endpoint: &'static str,
    /// What the refusal means there.
    pub kind: RefusalKind,
    /// The envelope's `code`; `None` when the answer had none.
    pub code: Option<i64>,
    /// The HTTP status.
    pub status: u16,
    /// The service's own words; may be empty.
    pub message: String,
    /// How long the service asked to wait, if it did.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Whether the request certainly took no effect: true of all but HTTP 5xx and the codes -500,
    /// -503, -504 and -8888, which also come when the service lost its own answer.
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

impl std::error::Error for Refusal {}

/// As much of a text as an error line can bear.
fn excerpt(text: &str) -> String {
    const LIMIT: usize = 200;
    if text.chars().count() <= LIMIT {
        text.to_owned()
    } else {
        text.chars().take(LIMIT).chain(['…']).collect()
    }
}

/// A call that was refused, or held back, for being too fast.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimited {
    /// Which call.
    pub endpoint: &'static str,
    /// How long to wait before trying again.
    pub retry_after: Duration,
    /// What the service said; `None` when nothing was sent because of an earlier refusal.
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

impl std::error::Error for RateLimited {}

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
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the answer to {} cannot be read: {} (HTTP status {}; it begins: {})",
            self.endpoint, self.reason, self.status, self.excerpt
        )
    }
}

impl std::error::Error for Unreadable {}

/// Whether a request that failed may have reached the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Certainly not.
    No,
    /// It may have.
    Maybe,
}

/// A call to which no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transport {
    /// Which call.
    pub endpoint: &'static str,
    /// Whether the request may have reached the service.
    pub sent: Sent,
    /// The HTTP client's words.
    pub cause: String,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.sent {
            Sent::No => "could not be sent",
            Sent::Maybe => "got no whole answer",
        };
        write!(f, "{} {what}: {}", self.endpoint, Printable(&self.cause))
    }
}

impl std::error::Error for Transport {}

/// A message of which it is not known whether it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unconfirmed {
    /// To whom, when the call was a message.
    pub talker: Option<Talker>,
    /// What left it open.
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

impl std::error::Error for Unconfirmed {}

/// Why a request could not be made. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The text is empty.
    #[error("the text is empty")]
    EmptyText,
    /// The content is over 2000 bytes once written as JSON.
    #[error("the message is {over} bytes too long: {bytes} once encoded, and 2000 is the most")]
    TooLong {
        /// Its length in bytes as JSON text.
        bytes: usize,
        /// How many of them are too many.
        over: usize,
    },
    /// The talker's number is 0.
    #[error("0 is nobody's number")]
    NobodysNumber,
    /// The message key is 0.
    #[error("0 is no message's key")]
    NoMessagesKey,
    /// The receiver is the account itself.
    #[error("one cannot write to oneself")]
    ToSelf,
    /// The image's address is not an https address.
    #[error("not the https address of an image: {0}")]
    ImageUrl(String),
    /// The image is not on the service's hosts.
    #[error("the image is on {0}, which is not one of the service's hosts")]
    ImageHost(String),
    /// The bytes are no JPEG, PNG or GIF.
    #[error("not a JPEG, PNG or GIF")]
    NoImage,
    /// One can ask about 1 to 50 users at once.
    #[error("one can ask about 1 to 50 users at once, not {given}")]
    TooManyUids {
        /// How many were asked about.
        given: usize,
    },
    /// No setting is given.
    #[error("no setting to change is given")]
    NothingToChange,
    /// The call needs a login and there is none.
    #[error("the call needs a login")]
    NoCredential,
    /// The call changes something and the cookie has no `bili_jct`.
    #[error("the cookie has no bili_jct, which every change needs")]
    NoCsrfToken,
    /// The account's own number is not known.
    #[error("the account's own uid is not known")]
    NoOwnUid,
    /// The call must be signed and there are no signing keys.
    #[error("the call must be signed and there are no signing keys")]
    NoSigningKeys,
    /// The cursor is another account's.
    #[error(transparent)]
    ForeignCursor(#[from] ForeignCursor),
    /// The ticket is another account's.
    #[error("the ticket belongs to uid {0}")]
    ForeignTicket(Uid),
    /// The ticket was written by another version of this crate.
    #[error("the ticket is of version {0}, which is not known here")]
    TicketVersion(u32),
    /// The ticket was used before.
    #[error("the ticket was used before: a ticket sends once")]
    UsedTicket,
    /// The event is not a message that may be answered.
    #[error("only what a person wrote may be answered, and not by its writer")]
    NotAnswerable,
    /// A field cannot be written into a request.
    #[error("cannot be written into a request: {0}")]
    Unencodable(String),
}

/// The cursor is another account's, or of a version not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored cursor belongs to uid {0}, or to another version of this program")]
pub struct ForeignCursor(pub Uid);

impl Invalid {
    fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::TooLong { .. } => "shorten it or send it in parts",
            Self::ImageHost(_) => {
                "use an address on .hdslb.com or .biliimg.com, or allow any host explicitly"
            }
            Self::NoCsrfToken => "copy the bili_jct cookie too",
            Self::NoCredential => "give the cookie of a logged-in browser",
            Self::UsedTicket => "confirm what became of it",
            _ => return None,
        })
    }
}

/// Refuses the number 0.
pub(crate) fn check_talker(talker: Talker) -> Result<(), Invalid> {
    if talker.id() == 0 {
        Err(Invalid::NobodysNumber)
    } else {
        Ok(())
    }
}

/// What a refusal means. The same code can mean another thing at another endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The cookie is missing, wrong or expired.
    NotLoggedIn,
    /// The CSRF token is wrong.
    Csrf,
    /// A parameter is bad, or a signature is missing.
    BadRequest,
    /// No permission.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// The service's risk control.
    RiskControl,
    /// Too fast.
    RateLimited,
    /// Trouble at the service.
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
    /// The image is not acceptable.
    BadImage,
    /// The time to recall the message, 120 s, is over.
    RecallExpired,
    /// The message was recalled before.
    AlreadyRecalled,
    /// Strangers get one message until they answer or follow.
    StrangerLimit,
    /// The receiver's privacy settings forbid it.
    RefusedByReceiver,
    /// The account blocked the receiver.
    Blocked,
    /// The group was dissolved, or the account is not in it.
    GroupGone,
    /// The session does not exist yet.
    NoSuchSession,
    /// A code that is not known here.
    Other,
}

impl RefusalKind {
    /// What `code` means wherever an endpoint does not say otherwise (docs/protocol.md §3).
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

    /// What it means, in words; `None` when only the service knows.
    pub fn meaning(self) -> Option<&'static str> {
        Some(match self {
            Self::NotLoggedIn => "not logged in",
            Self::Csrf => "the CSRF token (bili_jct) is wrong",
            Self::BadRequest => "bad request or missing signature",
            Self::Forbidden => "no permission",
            Self::NotFound => "nothing there",
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
            Self::BadImage => "the image is not acceptable",
            Self::RecallExpired => "the 120 s for recalling it are over",
            Self::AlreadyRecalled => "it was recalled before",
            Self::StrangerLimit => "one message only until they answer or follow",
            Self::RefusedByReceiver => "the receiver's settings do not allow it",
            Self::Blocked => "the receiver is on the account's block list",
            Self::GroupGone => "the group is dissolved or the account is not in it",
            Self::NoSuchSession => "there is no such session yet",
            Self::Other => return None,
        })
    }

    /// What to do about it; `None` when there is nothing to add.
    pub fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::NotLoggedIn => "log in again in the browser and give the new cookie",
            Self::Csrf => "give SESSDATA and bili_jct of the same login",
            Self::BadRequest => "trying again will not help; check the numbers given",
            Self::Forbidden | Self::AccountBanned => "trying again will not help",
            Self::RiskControl => {
                "stop, open the site in a browser and confirm there that it is you"
            }
            Self::RateLimited => "wait as long as said and go slower",
            Self::Service => "try again later",
            Self::PhoneRequired | Self::RealNameRequired => "do so on the site",
            Self::StrangerLimit => "wait until they answer or follow the account",
            Self::Blocked => "take them off the block list first",
            Self::BadImage => "use a JPEG, PNG or GIF uploaded to the service",
            Self::Unavailable => "try again later or send a plain text",
            _ => return None,
        })
    }

    /// The name as programs print it: the variant's own.
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

//! Requests that cannot be made, by what the caller does about them.

use crate::ids::{Talker, Uid};

/// Why a request could not be made. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The content must be another one.
    #[error(transparent)]
    Content(#[from] InvalidContent),
    /// An argument must be another one.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// The login lacks something, or something must be fetched first.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The cursor is another account's: watch from a new one.
    #[error(transparent)]
    ForeignCursor(#[from] ForeignCursor),
    /// The ticket is another account's.
    #[error("the ticket belongs to uid {0}")]
    ForeignTicket(Uid),
    /// The ticket was written by another version of this crate.
    #[error("the ticket is of version {0}, which is not known here")]
    TicketVersion(u32),
    /// The ticket was used before: confirm what became of it.
    #[error("the ticket was used before: a ticket sends once")]
    UsedTicket,
    /// The event is not a message that may be answered: pass over it.
    #[error("only what a person wrote may be answered, and not by its writer")]
    NotAnswerable,
}

/// What is wrong with a text or an image that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidContent {
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
    /// The image's address is not an https address.
    #[error("not the https address of an image: {0}")]
    ImageUrl(String),
    /// The image is not on the service's hosts.
    #[error("the image is on {0}, which is not one of the service's hosts")]
    ImageHost(String),
    /// The bytes are no JPEG, PNG or GIF.
    #[error("not a JPEG, PNG or GIF")]
    NoImage,
}

/// What is wrong with an argument of a call, its content apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidArgument {
    /// The talker's number is 0.
    #[error("0 is nobody's number")]
    NobodysNumber,
    /// The message key is 0.
    #[error("0 is no message's key")]
    NoMessagesKey,
    /// The receiver is the account itself.
    #[error("one cannot write to oneself")]
    ToSelf,
    /// One can ask about 1 to 50 users at once.
    #[error("one can ask about 1 to 50 users at once, not {given}")]
    TooManyUids {
        /// How many were asked about.
        given: usize,
    },
    /// No setting is given.
    #[error("no setting to change is given")]
    NothingToChange,
    /// A field cannot be written into a request.
    #[error("cannot be written into a request: {0}")]
    Unencodable(String),
}

/// What a call needs of the login or of the account, and is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// The call needs a login and there is none.
    #[error("the call needs a login")]
    Credential,
    /// The call changes something and the cookie has no `bili_jct`.
    #[error("the cookie has no bili_jct, which every change needs")]
    CsrfToken,
    /// The account's own number is not known.
    #[error("the account's own uid is not known")]
    OwnUid,
    /// The call must be signed and there are no signing keys.
    #[error("the call must be signed and there are no signing keys")]
    SigningKeys,
}

/// The cursor is another account's, or of a version not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored cursor belongs to uid {0}, or to another version of this program")]
pub struct ForeignCursor(pub Uid);

impl Invalid {
    /// What to do about it, in one sentence; `None` when there is nothing to add.
    pub(super) fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Content(InvalidContent::TooLong { .. }) => "shorten it or send it in parts",
            Self::Content(InvalidContent::ImageHost(_)) => {
                "use an address on .hdslb.com or .biliimg.com, or allow any host explicitly"
            }
            Self::Missing(Missing::CsrfToken) => "copy the bili_jct cookie too",
            Self::Missing(Missing::Credential) => "give the cookie of a logged-in browser",
            Self::UsedTicket => "confirm what became of it",
            _ => return None,
        })
    }
}

/// Refuses the number 0.
pub(crate) fn check_talker(talker: Talker) -> Result<(), InvalidArgument> {
    if talker.id() == 0 {
        Err(InvalidArgument::NobodysNumber)
    } else {
        Ok(())
    }
}

//! Why a request cannot be built.

use crate::ids::{Talker, Uid};

/// Why a request could not be built. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The content is not valid.
    #[error(transparent)]
    Content(#[from] InvalidContent),
    /// An argument is not valid.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// Something the request needs is missing.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The cursor belongs to another account.
    #[error(transparent)]
    ForeignCursor(#[from] ForeignCursor),
    /// The cursor was written by another version of this crate. A new one loses what came since.
    #[error("the cursor has the unknown version {0}")]
    CursorVersion(u32),
    /// The ticket belongs to another account.
    #[error("the ticket belongs to uid {0}")]
    ForeignTicket(Uid),
    /// The ticket was written by another version of this crate.
    #[error("the ticket has the unknown version {0}")]
    TicketVersion(u32),
    /// The ticket was used before. [`confirm`](crate::Account::confirm) says what became of it.
    #[error("the ticket was used before, and a ticket sends only once")]
    UsedTicket,
    /// The event is not a message that may be answered. Skip it.
    #[error("only a message that another person wrote may be answered")]
    NotAnswerable,
}

/// Why a text or an image cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidContent {
    /// The text is empty.
    #[error("the text is empty")]
    EmptyText,
    /// The content is over 2000 bytes long once written as JSON.
    #[error("the message is {over} bytes too long: {bytes} once encoded, and 2000 is the most")]
    TooLong {
        /// Its length in bytes as JSON text.
        bytes: usize,
        /// By how many bytes it is too long.
        over: usize,
    },
    /// The address is not of the form `https://HOST/…`.
    #[error("not the https address of an image: {0}")]
    ImageUrl(String),
    /// The image's host is not one of the service's.
    #[error("the image is on {0}, which is not one of the service's hosts")]
    ImageHost(String),
    /// The bytes are not a JPEG, PNG or GIF.
    #[error("not a JPEG, PNG or GIF")]
    NoImage,
    /// The image is a WebP, which the service may not take.
    #[error("a WebP, and it is not known whether the service takes one")]
    Webp,
    /// The image is longer than the service takes.
    #[error("the image has {bytes} bytes, and the service takes {most} of this format")]
    ImageTooLong {
        /// Its length.
        bytes: usize,
        /// The most of its format.
        most: usize,
    },
}

/// Which argument of a call is wrong, contents excepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidArgument {
    /// The talker's id is 0.
    #[error("the id of a user or group must not be 0")]
    NobodysNumber,
    /// The message key is 0.
    #[error("the key of a message must not be 0")]
    NoMessagesKey,
    /// The receiver is the account itself.
    #[error("one cannot write to oneself")]
    ToSelf,
    /// The number of uids is not from 1 to 50.
    #[error("1 to 50 users can be asked about at once, not {given}")]
    TooManyUids {
        /// How many were given.
        given: usize,
    },
    /// The block word is empty.
    #[error("the word is empty")]
    EmptyWord,
    /// A reply to keywords has no title or no keyword.
    #[error("a reply to keywords needs a title and a keyword")]
    IncompleteRule,
    /// All settings are `None`.
    #[error("no setting to change is given")]
    NothingToChange,
    /// The address that a login gave for its cookies is not one of the service.
    #[error("the login leads to an address that is not the service's")]
    TicketAddress,
    /// A field cannot be encoded in a request.
    #[error("cannot be written into a request: {0}")]
    Unencodable(String),
}

/// What a call needs and does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// There is no login.
    #[error("the call needs a login")]
    Credential,
    /// The cookie has no `bili_jct`, which every change needs.
    #[error("the cookie has no bili_jct, which every change needs")]
    CsrfToken,
    /// The account's own uid is not known.
    #[error("the account's own uid is not known")]
    OwnUid,
    /// There are no signing keys, and the call must be signed.
    #[error("the call must be signed and there are no signing keys")]
    SigningKeys,
}

/// The cursor belongs to another account, given here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored cursor belongs to uid {0}")]
pub struct ForeignCursor(pub Uid);

impl Invalid {
    /// What the user can do, in one sentence; `None` when there is nothing to add.
    pub(super) fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Content(InvalidContent::TooLong { .. }) => "shorten it or send it in parts",
            Self::Content(InvalidContent::ImageHost(_)) => {
                "use an address on .hdslb.com or .biliimg.com, or allow any host explicitly"
            }
            Self::Missing(Missing::CsrfToken) => "copy the bili_jct cookie too",
            Self::Missing(Missing::Credential) => "give the cookie of a logged-in browser",
            Self::Missing(Missing::SigningKeys) => {
                "the service gave none just now: try again in a minute"
            }
            Self::CursorVersion(_) => {
                "use the version that wrote it; a new cursor loses what came since"
            }
            Self::UsedTicket => "confirm what became of it",
            _ => return None,
        })
    }
}

/// Refuses the id 0.
pub(crate) fn check_talker(talker: Talker) -> Result<(), InvalidArgument> {
    if talker.id() == 0 {
        Err(InvalidArgument::NobodysNumber)
    } else {
        Ok(())
    }
}

/// How many users can be asked about at once (docs/protocol.md §12). With more, the service's list
/// is empty.
pub(crate) const MOST_UIDS: usize = 50;

/// Refuses lists of users that the service does not answer.
pub(crate) fn check_uids(uids: &[Uid]) -> Result<(), InvalidArgument> {
    match uids.len() {
        1..=MOST_UIDS => Ok(()),
        given => Err(InvalidArgument::TooManyUids { given }),
    }
}

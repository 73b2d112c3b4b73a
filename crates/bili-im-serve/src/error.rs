//! Why a process cannot serve, and how errors look to clients.

use std::{io, net::SocketAddr};

use bili_im_archive::ArchiveError;
use bili_im_json::{ErrorJson, Exit};

/// Why a process cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another machine could reach it, and nobody has said that it may.
    #[error("{0} is not an address of this machine alone: expose it in so many words, with tokens")]
    Exposed(SocketAddr),
    /// The address cannot be listened on.
    #[error("{0} cannot be listened on: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Two accounts have one name, or a name cannot be used.
    #[error("the account name {0:?} is taken, or is not made of letters, digits, - and _")]
    Name(String),
    /// The process ends.
    #[error("the process ends")]
    Ending,
    /// There is no such account.
    #[error("there is no account {0:?}")]
    NoAccount(String),
    /// The archive of an account cannot be used.
    #[error("the archive of {account} cannot be used: {source}")]
    Archive {
        /// The account.
        account: String,
        /// Why.
        #[source]
        source: ArchiveError,
    },
}

/// The kind of an error that says that there are as many as there can be.
pub(crate) const TOO_MANY: &str = "TooMany";

/// An archive's error, for clients. Paths of this machine are left out.
pub(crate) fn archive_error(error: ArchiveError) -> ErrorJson {
    let advice = error.advice();
    let (exit, kind) = match error {
        ArchiveError::TooManyConsumers => (Exit::TooFast, TOO_MANY),
        ArchiveError::NothingToSearch | ArchiveError::SearchTooLong => (Exit::WrongUse, "Usage"),
        _ => (Exit::Other, "Other"),
    };
    let message = match error {
        ArchiveError::Service(error) => return error.into(),
        ArchiveError::NotAnArchive(_) | ArchiveError::Missing(_) | ArchiveError::File { .. } => {
            "the archive cannot be used".to_owned()
        }
        error => error.to_string(),
    };
    let mut json = ErrorJson::new(exit, kind, message);
    json.advice = advice.map(Into::into);
    json
}

/// An error with an advice.
pub(crate) fn error(
    exit: Exit,
    kind: &'static str,
    message: impl Into<Box<str>>,
    advice: &'static str,
) -> ErrorJson {
    let mut json = ErrorJson::new(exit, kind, message);
    json.advice = Some(advice.into());
    json
}

/// An account was removed.
pub(crate) fn removed() -> ErrorJson {
    let message = "the account was removed";
    error(Exit::WrongUse, "NoAccount", message, "see accounts.list")
}

/// A fault of this program.
pub(crate) fn panicked() -> ErrorJson {
    let message = "a fault of this program ended the work";
    error(Exit::Other, "Other", message, "please report it")
}

impl From<ServeError> for ErrorJson {
    fn from(failed: ServeError) -> Self {
        match failed {
            ServeError::Archive { source, .. } => archive_error(source),
            failed @ ServeError::NoAccount(_) => {
                let message = failed.to_string();
                error(Exit::WrongUse, "NoAccount", message, "see accounts.list")
            }
            failed => Self::new(Exit::WrongUse, "Usage", failed.to_string()),
        }
    }
}

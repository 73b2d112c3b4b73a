//! Why an archive cannot be used.

use std::{io, path::PathBuf};

use bili_im_proto::{Error, Talker, Uid};
use rusqlite::ErrorCode;

/// Why an archive cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file is something else, or not even a database. It is left as it is.
    #[error("{} is not an archive", .0.display())]
    NotAnArchive(PathBuf),
    /// There is no such file.
    #[error("there is no archive at {}", .0.display())]
    Missing(PathBuf),
    /// A newer version of this program wrote the archive. It is left as it is.
    #[error("the archive has format {found}, and this version knows formats up to {known}")]
    Newer {
        /// The format of the archive.
        found: i64,
        /// The newest format that this version knows.
        known: i64,
    },
    /// The archive belongs to another account. It is left as it is.
    #[error("the archive belongs to account {owner}, and this to account {login}")]
    Foreign {
        /// Whose archive it is.
        owner: Uid,
        /// Whose login it is.
        login: Uid,
    },
    /// Parts of the file are damaged.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// Another process fills the archive.
    #[error("another process is filling the archive")]
    Busy,
    /// The archive cannot be written: the disk is full, or the place is read-only.
    #[error("the archive cannot be written: {0}")]
    NotWritable(String),
    /// Nothing can be written where the archive is, and what was stored last, or by an older
    /// version, cannot be read without that.
    #[error("{} cannot be read where it is, since nothing can be written there", .0.display())]
    ReadOnly(PathBuf),
    /// A file beside the archive cannot be opened.
    #[error("{} cannot be opened: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The archive has no such session.
    #[error("the archive has no conversation with {0}")]
    NoSession(Talker),
    /// An export cannot be written.
    #[error("the export cannot be written: {0}")]
    Output(#[from] io::Error),
    /// A file to import cannot be read.
    #[error("the file cannot be read: {0}")]
    Input(#[source] io::Error),
    /// A file to import is of no known format.
    #[error("the file is neither an exported archive nor a list of messages")]
    NotAnExport,
    /// A file with answers of the service is too long to import.
    #[error("the file is longer than 256 MiB")]
    InputTooLong,
    /// A newer version of this program exported the file.
    #[error("the file has version {found}, and this program knows versions up to {known}")]
    NewerExport {
        /// The version of the file.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// A list of messages does not say whose they are, and neither does the archive.
    #[error("neither the file nor the archive says whose messages they are")]
    NoOwner,
    /// The words of a search have no letter, digit, ideograph or emoji.
    #[error("the search has nothing but spaces and punctuation")]
    NothingToSearch,
    /// The words of a search are too many or too long.
    #[error("the search is too long")]
    SearchTooLong,
    /// The queue has as many consumers as it can.
    #[error("the queue has too many consumers")]
    TooManyConsumers,
    /// The database refuses otherwise.
    #[error("the archive cannot be used: {0}")]
    Database(#[source] rusqlite::Error),
    /// The service refused, or could not be reached.
    #[error(transparent)]
    Service(#[from] Error),
}

impl ArchiveError {
    /// What the user can do, in one sentence; `None` when there is nothing to add.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotAnArchive(_) => "give another path; nothing was changed",
            Self::Missing(_) => "fill one first: `bili-im sync`",
            Self::Newer { .. } => "use a newer version of this program; nothing was changed",
            Self::Foreign { .. } => "use an archive of its own for each account",
            Self::Damaged(_) => "move the file away and synchronise again, or restore a copy",
            Self::Busy => "wait until it is done",
            Self::NotWritable(_) => "make room, or give another path; what was stored is intact",
            Self::ReadOnly(_) => {
                "copy it to another place to read it, with the files beside it whose names begin with its own"
            }
            Self::NoSession(_) => {
                "read it first: `bili-im sync`; `bili-im sessions` shows the numbers"
            }
            Self::Output(_) => "make room, or give another path",
            Self::NotAnExport => {
                "give a file of `bili-im export --format jsonl`, or answers of the service as JSON; \
                 text files of other programs lack the numbers of the messages"
            }
            Self::InputTooLong => "import its answers in several files",
            Self::NewerExport { .. } => "use a newer version of this program",
            Self::NoOwner => "fill the archive first: `bili-im sync`",
            Self::NothingToSearch => "add a letter, a digit, a Chinese character or an emoji",
            Self::SearchTooLong => "search for at most 32 words with 1,000 characters in all",
            Self::TooManyConsumers => {
                "use or remove the name of one that is no longer needed; unused names go after 30 days"
            }
            Self::File { .. } | Self::Input(_) | Self::Database(_) => return None,
            Self::Service(error) => return error.advice(),
        })
    }
}

impl From<rusqlite::Error> for ArchiveError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen,
            ) => Self::NotWritable(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

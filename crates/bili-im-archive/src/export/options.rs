//! What to export.

use std::{ops::Range, path::PathBuf};

use bili_im_proto::{Talker, UnixSeconds};
use rusqlite::Transaction;

use super::{clock::Clock, language::Language};
use crate::{
    archive::Archive,
    error::ArchiveError,
    messages::first_id,
    reading::{ArchivedSession, MessageRange, Messages},
};

/// An export: what of an archive to write, and how.
///
/// ```no_run
/// use bili_im_archive::{Archive, Export, proto::Talker};
///
/// # fn export() -> Result<(), Box<dyn std::error::Error>> {
/// let archive = Archive::open("messages.db")?;
/// let mut file = std::fs::File::create("messages.csv")?;
/// Export::of([Talker::user(10002)]).csv(&archive, &mut file)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Export {
    /// Only these sessions; all if there are none.
    talkers: Vec<Talker>,
    pub(super) during: Range<UnixSeconds>,
    with_service: bool,
    pub(super) show_recalled: bool,
    pub(super) pictures: Pictures,
    pub(super) page_messages: usize,
    pub(super) page_bytes: u64,
    pub(super) clock: Clock,
    pub(super) language: Language,
}

/// Which pictures the pages have. Those that are not saved are links.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pictures {
    /// None.
    #[default]
    None,
    /// Those in a media folder, as a part of the page.
    Inside {
        /// The media folder.
        folder: PathBuf,
    },
    /// Those in a media folder, as files beside the page.
    Beside {
        /// The media folder.
        folder: PathBuf,
        /// The path from the pages to that folder, such as `media`.
        path: String,
    },
}

/// What an export has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ExportReport {
    /// How many sessions.
    pub sessions: u64,
    /// How many messages.
    pub messages: u64,
    /// How many sessions with the service's own accounts were left out.
    pub left_out: u64,
}

impl Export {
    /// Exports everything but the sessions with the service's own accounts.
    pub fn all() -> Self {
        Self {
            talkers: Vec::new(),
            during: UnixSeconds(0)..UnixSeconds(u64::MAX),
            with_service: false,
            show_recalled: false,
            pictures: Pictures::None,
            page_messages: 5000,
            page_bytes: 8 << 20,
            clock: Clock::local(),
            language: Language::English,
        }
    }

    /// Exports these sessions; with none of them, as [`all`](Self::all).
    pub fn of(talkers: impl IntoIterator<Item = Talker>) -> Self {
        Self {
            talkers: talkers.into_iter().collect(),
            ..Self::all()
        }
    }

    /// Only what was written in this time. Sessions without a message of it are left out.
    #[must_use]
    pub fn during(self, during: Range<UnixSeconds>) -> Self {
        Self { during, ..self }
    }

    /// Whether to export the sessions with the service's own accounts too. Those that
    /// [`of`](Self::of) names are exported in any case.
    #[must_use]
    pub fn with_service(self, with_service: bool) -> Self {
        Self {
            with_service,
            ..self
        }
    }

    /// Whether to show what recalled messages said, as far as the archive has it.
    #[must_use]
    pub fn show_recalled(self, show_recalled: bool) -> Self {
        Self {
            show_recalled,
            ..self
        }
    }

    /// The language of the words that nobody wrote, such as "recalled". CSV is
    /// always English, and JSONL has none.
    #[must_use]
    pub fn language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Which pictures the HTML pages have.
    #[must_use]
    pub fn pictures(self, pictures: Pictures) -> Self {
        Self { pictures, ..self }
    }

    /// How much an HTML page has at most: a number of messages, and about so many bytes.
    #[must_use]
    pub fn page_size(self, messages: usize, bytes: u64) -> Self {
        Self {
            page_messages: messages.max(1),
            page_bytes: bytes,
            ..self
        }
    }

    /// Whether all that the archive has is exported.
    pub(super) fn is_whole(&self) -> bool {
        self.talkers.is_empty() && self.with_service && !self.is_limited_in_time()
    }

    pub(super) fn is_limited_in_time(&self) -> bool {
        self.during != Self::all().during
    }

    /// The sessions to export, and how many were left out.
    pub(super) fn sessions(
        &self,
        archive: &Archive,
    ) -> Result<(Vec<ArchivedSession>, ExportReport), ArchiveError> {
        let mut sessions = archive.sessions()?;
        for &talker in &self.talkers {
            if !sessions.iter().any(|session| session.talker == talker) {
                return Err(ArchiveError::NoSession(talker));
            }
        }
        let mut report = ExportReport::default();
        sessions.retain(|session| {
            if !self.talkers.is_empty() {
                return self.talkers.contains(&session.talker);
            }
            let is_left_out = session.system_account != 0 && !self.with_service;
            report.left_out += u64::from(is_left_out);
            !is_left_out
        });
        if self.is_limited_in_time() {
            let mut within = Vec::new();
            for session in sessions {
                if self.has_any(archive, session.talker)? {
                    within.push(session);
                }
            }
            sessions = within;
        }
        report.sessions = sessions.len() as u64;
        Ok((sessions, report))
    }

    /// Whether a session has a message of the time to export.
    fn has_any(&self, archive: &Archive, talker: Talker) -> Result<bool, ArchiveError> {
        let [start, end] = [self.during.start, self.during.end].map(first_id);
        let session = archive.session_id(talker)?;
        Ok((archive.connection)
            .prepare_cached("SELECT 1 FROM messages WHERE session_id = ? AND id >= ? AND id < ?")?
            .exists((session, start, end))?)
    }

    pub(super) fn messages<'a>(
        &self,
        archive: &'a Archive,
        talker: Talker,
    ) -> Result<Messages<'a>, ArchiveError> {
        archive.messages(MessageRange::of(talker).during(self.during.clone()))
    }
}

/// Until it is dropped, the archive is read as it is now, whatever other processes write.
pub(super) fn snapshot(archive: &Archive) -> Result<Transaction<'_>, ArchiveError> {
    Ok(archive.connection.unchecked_transaction()?)
}

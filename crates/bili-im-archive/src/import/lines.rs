//! Our own JSONL.

use bili_im_proto::{Coverage, Talker, Uid};
use rusqlite::Connection;
use serde::Deserialize;

use super::{input::InputLine, report::ImportReport, storing};
use crate::{
    error::ArchiveError,
    export::format::{self, Line},
};

/// The longest coverage to read, in bytes.
const MAX_COVERAGE_BYTES: usize = 1 << 20;

/// Stores the lines of one file.
#[derive(Debug)]
pub(super) struct LineImporter {
    pub(super) owner: Option<Uid>,
    pub(super) report: ImportReport,
    keep_recalled: bool,
    /// Whether the archive had any sessions before the import; `None` until the first line is stored.
    had_sessions: Option<bool>,
    session: Option<CurrentSession>,
}

/// The session whose lines are read.
#[derive(Debug)]
struct CurrentSession {
    talker: Talker,
    /// How many lines of the file were broken before them.
    broken_before: u64,
    /// How many of them were read, broken ones included.
    lines: u64,
}

/// Why a line cannot be stored.
enum StoreError {
    /// It is broken. The others are read all the same.
    Broken(String),
    /// The archive cannot be written.
    Archive(ArchiveError),
}

impl<E: Into<ArchiveError>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Archive(error.into())
    }
}

impl LineImporter {
    /// Reads the header; `None` when the line is none of ours.
    pub(super) fn begin(line: &[u8], keep_recalled: bool) -> Result<Option<Self>, ArchiveError> {
        /// All that newer versions are sure to have.
        #[derive(Deserialize)]
        struct AnyVersion {
            header: AnyHeader,
        }
        #[derive(Deserialize)]
        struct AnyHeader {
            format: String,
            version: u32,
        }
        let Ok(AnyVersion { header }) = serde_json::from_slice(line) else {
            return Ok(None);
        };
        if header.format != format::NAME {
            return Ok(None);
        }
        if header.version > format::VERSION {
            return Err(ArchiveError::NewerExport {
                found: header.version,
                known: format::VERSION,
            });
        }
        let Ok(Line::Header(header)) = serde_json::from_slice(line) else {
            return Err(ArchiveError::NotAnExport);
        };
        Ok(Some(Self {
            owner: header.owner,
            report: ImportReport::default(),
            keep_recalled,
            had_sessions: None,
            session: None,
        }))
    }

    /// Stores a line, or notes that it is broken.
    pub(super) fn store(
        &mut self,
        connection: &Connection,
        line: &InputLine,
    ) -> Result<(), ArchiveError> {
        if self.had_sessions.is_none() {
            self.had_sessions = Some(storing::has_sessions(connection)?);
        }
        match self.try_to_store(connection, line) {
            Ok(()) => Ok(()),
            Err(StoreError::Archive(error)) => Err(error),
            Err(StoreError::Broken(reason)) => {
                self.report.note_broken(line.number, reason);
                Ok(())
            }
        }
    }

    fn try_to_store(
        &mut self,
        connection: &Connection,
        line: &InputLine,
    ) -> Result<(), StoreError> {
        let broken = |reason: &str| StoreError::Broken(reason.to_owned());
        if line.is_too_long {
            return Err(broken("the line is too long"));
        }
        let text = std::str::from_utf8(&line.bytes).map_err(|_| broken("it is not UTF-8"))?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let lines_before = self.count_line();
        let parsed: Line<'_> =
            serde_json::from_str(text).map_err(|error| StoreError::Broken(error.to_string()))?;
        match parsed {
            Line::Header(_) => return Err(broken("a second header")),
            Line::Person(person) => storing::person(connection, &person)?,
            Line::Emoticon(emoticon) => storing::emoticon(connection, &emoticon)?,
            Line::Media(media) => {
                if !storing::media(connection, &media)? {
                    return Err(broken(
                        "an unknown state, or a file outside of the media folder",
                    ));
                }
            }
            Line::Session(session) => {
                self.session = Some(CurrentSession {
                    talker: session.talker,
                    broken_before: self.report.broken,
                    lines: 0,
                });
                storing::session(connection, &session)?;
            }
            Line::Recall(recall) => {
                self.report.erased += storing::recall(connection, &recall, self.keep_recalled)?;
            }
            Line::Message(message) => self.store_message(connection, &message)?,
            Line::Edit(edit) => {
                let json = edit.sent.json().ok_or_else(|| broken("no message in it"))?;
                if !storing::edit(connection, &edit, &json)? {
                    return Err(broken("the message is not there"));
                }
            }
            Line::Covered(covered) => self.store_coverage(connection, &covered, lines_before)?,
            Line::End(end) => self.store_end(connection, &end)?,
        }
        Ok(())
    }

    fn store_message(
        &mut self,
        connection: &Connection,
        message: &format::Message<'_>,
    ) -> Result<(), StoreError> {
        let json = (message.sent.json())
            .ok_or_else(|| StoreError::Broken("no message in it".to_owned()))?;
        let is_new = storing::message(connection, message, &json, self.keep_recalled)?;
        self.report.count_message(is_new);
        Ok(())
    }

    /// Counts a line. Returns how many lines of the session were before it.
    fn count_line(&mut self) -> u64 {
        self.session.as_mut().map_or(0, |session| {
            session.lines += 1;
            session.lines - 1
        })
    }

    /// Stores which messages of the session have been read. Stores nothing when a line of the session
    /// was broken or is missing, so that the next synchronisation reads the session again.
    fn store_coverage(
        &self,
        connection: &Connection,
        covered: &format::Covered<'_>,
        lines: u64,
    ) -> Result<(), StoreError> {
        let broken = |reason: &str| StoreError::Broken(reason.to_owned());
        if covered.coverage.len() > MAX_COVERAGE_BYTES {
            return Err(broken("the coverage is too long"));
        }
        let coverage: Coverage =
            (covered.coverage.parse()).map_err(|_| broken("the coverage cannot be read"))?;
        let was_read_whole = (self.session.as_ref()).is_some_and(|session| {
            session.talker == covered.talker && session.broken_before == self.report.broken
        });
        if was_read_whole && let Some(written) = covered.lines.filter(|&written| written != lines) {
            return Err(StoreError::Broken(format!(
                "the conversation before it has {lines} lines, and had {written} when it was exported"
            )));
        }
        if was_read_whole {
            storing::coverage(connection, covered.talker, &coverage)?;
        }
        Ok(())
    }

    /// Marks the import as complete. Stores up to where the lists have been read, if the archive was
    /// empty and all lines whole.
    fn store_end(&mut self, connection: &Connection, end: &format::End) -> Result<(), StoreError> {
        self.report.is_complete = true;
        if self.had_sessions == Some(false) && self.report.broken == 0 {
            storing::end(connection, end)?;
        }
        Ok(())
    }
}

//! Our own JSONL.

use bili_im_proto::{Coverage, Talker, Uid};
use rusqlite::Connection;
use serde::Deserialize;

use super::{input::InputLine, report::ImportReport, storing};
use crate::{
    error::ArchiveError,
    export::format::{self, Line},
};

/// The longest list of stretches to read, in bytes.
const LONGEST_COVERAGE: usize = 1 << 20;

/// The lines of one file, as they are stored.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) owner: Option<Uid>,
    pub(super) report: ImportReport,
    keep_recalled: bool,
    /// Whether the archive had any sessions before.
    had_sessions: Option<bool>,
    /// The session whose lines are read, and how many lines were broken before them.
    session: Option<(Talker, u64)>,
}

/// Why a line is not stored.
enum Refused {
    /// It is broken. The others are read all the same.
    Broken(String),
    /// The archive cannot be written.
    Archive(ArchiveError),
}

impl<E: Into<ArchiveError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Archive(error.into())
    }
}

impl Lines {
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
            Err(Refused::Archive(error)) => Err(error),
            Err(Refused::Broken(reason)) => {
                self.report.note_broken(line.number, reason);
                Ok(())
            }
        }
    }

    fn try_to_store(&mut self, connection: &Connection, line: &InputLine) -> Result<(), Refused> {
        let broken = |reason: &str| Refused::Broken(reason.to_owned());
        if line.is_too_long {
            return Err(broken("the line is too long"));
        }
        let text = std::str::from_utf8(&line.bytes).map_err(|_| broken("it is not UTF-8"))?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let parsed: Line<'_> =
            serde_json::from_str(text).map_err(|error| Refused::Broken(error.to_string()))?;
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
                self.session = Some((session.talker, self.report.broken));
                storing::session(connection, &session)?;
            }
            Line::Recall(recall) => storing::recall(connection, &recall)?,
            Line::Message(message) => self.message(connection, &message)?,
            Line::Edit(edit) => {
                let json = edit.sent.json().ok_or_else(|| broken("no message in it"))?;
                if !storing::edit(connection, &edit, &json)? {
                    return Err(broken("the message is not there"));
                }
            }
            Line::Covered(covered) => self.covered(connection, &covered)?,
            Line::End(end) => self.end(connection, &end)?,
        }
        Ok(())
    }

    fn message(
        &mut self,
        connection: &Connection,
        message: &format::Message<'_>,
    ) -> Result<(), Refused> {
        let json =
            (message.sent.json()).ok_or_else(|| Refused::Broken("no message in it".to_owned()))?;
        let is_new = storing::message(connection, message, &json, self.keep_recalled)?;
        if is_new {
            self.report.messages += 1;
        } else {
            self.report.known += 1;
        }
        Ok(())
    }

    /// Notes which messages have been read, unless one of them may have been in a broken line: then
    /// the next synchronisation reads them again.
    fn covered(
        &self,
        connection: &Connection,
        covered: &format::Covered<'_>,
    ) -> Result<(), Refused> {
        let broken = |reason: &str| Refused::Broken(reason.to_owned());
        if covered.coverage.len() > LONGEST_COVERAGE {
            return Err(broken("the coverage is too long"));
        }
        let coverage: Coverage =
            (covered.coverage.parse()).map_err(|_| broken("the coverage cannot be read"))?;
        if self.session == Some((covered.talker, self.report.broken)) {
            storing::coverage(connection, covered.talker, &coverage)?;
        }
        Ok(())
    }

    /// Notes up to where the lists have been read, if the archive was empty and all lines whole.
    fn end(&mut self, connection: &Connection, end: &format::End) -> Result<(), Refused> {
        self.report.is_complete = true;
        if self.had_sessions == Some(false) && self.report.broken == 0 {
            storing::end(connection, end)?;
        }
        Ok(())
    }
}

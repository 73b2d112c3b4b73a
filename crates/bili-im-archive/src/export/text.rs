//! Plain text.

use std::io::Write;

use jiff::Zoned;

use super::{
    clock,
    entry::{Cast, Entry, Side, title},
    options::{Export, ExportReport, snapshot},
    plain,
    visible::on_one_line,
};
use crate::{archive::Archive, error::ArchiveError};

/// What a further line of a message begins with, so that it cannot pass for another message.
const INDENT: &str = "      ";

impl Export {
    /// Writes the messages as plain text.
    ///
    /// # Errors
    /// When the archive cannot be read, or `out` not written.
    pub fn text(
        &self,
        archive: &Archive,
        out: &mut dyn Write,
    ) -> Result<ExportReport, ArchiveError> {
        let _snapshot = snapshot(archive)?;
        let cast = Cast::of(archive)?;
        let (sessions, mut report) = self.sessions(archive)?;
        for (nth, session) in sessions.iter().enumerate() {
            let title = on_one_line(&title(session));
            let space = if nth > 0 { "\n" } else { "" };
            writeln!(out, "{space}{title} ({})", session.talker)?;
            let mut days = Days::default();
            for message in self.messages(archive, session.talker)? {
                let message = message?;
                report.messages += 1;
                if let Some(entry) = cast.entry(self, session, &message) {
                    if let Some(day) = days.next(entry.time.as_ref()) {
                        writeln!(out, "\n{day}")?;
                    }
                    write(out, &entry)?;
                }
            }
        }
        Ok(report)
    }
}

fn write(out: &mut dyn Write, entry: &Entry<'_>) -> Result<(), ArchiveError> {
    let minute = entry.time.as_ref().map(clock::minute);
    write!(out, "{:5} ", minute.unwrap_or_default())?;
    let name = on_one_line(&entry.shown_name());
    match entry.side {
        Side::Own => write!(out, "> {name}:")?,
        Side::Other => write!(out, "{name}:")?,
        Side::Middle => write!(out, "--")?,
    }
    if let Some(mark) = entry.mark {
        write!(out, " ({mark})")?;
    }
    for (nth, (text, url)) in plain::lines(&entry.body).into_iter().enumerate() {
        let before = if nth > 0 { INDENT } else { " " };
        let url = on_one_line(&url);
        let space = if url.is_empty() { "" } else { " " };
        writeln!(out, "{before}{}{space}{url}", on_one_line(&text))?;
    }
    Ok(())
}

/// Tells when a new day begins.
#[derive(Debug, Default)]
pub(super) struct Days(String);

impl Days {
    /// The day of a message, when it is another than that of the message before.
    pub(super) fn next(&mut self, time: Option<&Zoned>) -> Option<String> {
        let day = time.map(clock::day)?;
        (day != self.0).then(|| {
            self.0.clone_from(&day);
            day
        })
    }
}

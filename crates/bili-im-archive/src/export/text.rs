//! Plain text.

use std::io::Write;

use super::{
    clock,
    entry::{Entry, Next, Side, title},
    language::Language,
    options::{Export, ExportReport},
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
        let mut space = "";
        self.walk(archive, |next| {
            match next {
                Next::Session(session) => {
                    let title = on_one_line(&title(session, self.language));
                    let talker = self.language.talker(session.talker);
                    writeln!(out, "{space}{title} ({talker})")?;
                    space = "\n";
                }
                Next::Day(day) => writeln!(out, "\n{day}")?,
                Next::Message(_, _, entry) => write(out, &entry, self.language)?,
            }
            Ok(())
        })
    }
}

fn write(out: &mut dyn Write, entry: &Entry<'_>, language: Language) -> Result<(), ArchiveError> {
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
    for (nth, (text, url)) in plain::lines(&entry.body, language).into_iter().enumerate() {
        let before = if nth > 0 { INDENT } else { " " };
        let url = on_one_line(&url);
        let space = if url.is_empty() { "" } else { " " };
        writeln!(out, "{before}{}{space}{url}", on_one_line(&text))?;
    }
    Ok(())
}

//! Markdown.

use std::io::Write;

use super::{
    clock,
    entry::{Entry, Next, Side, title},
    language::Language,
    link,
    options::{Export, ExportReport},
    plain,
    visible::on_one_line,
};
use crate::{archive::Archive, error::ArchiveError};

impl Export {
    /// Writes the messages as Markdown.
    ///
    /// # Errors
    /// When the archive cannot be read, or `out` not written.
    pub fn markdown(
        &self,
        archive: &Archive,
        out: &mut dyn Write,
    ) -> Result<ExportReport, ArchiveError> {
        self.walk(archive, |next| {
            match next {
                Next::Session(session) => {
                    let title = escaped(&title(session, self.language));
                    let talker = self.language.talker(session.talker);
                    writeln!(out, "# {title} ({talker})\n")?;
                }
                Next::Day(day) => writeln!(out, "## {day}\n")?,
                Next::Message(_, _, entry) => write(out, &entry, self.language)?,
            }
            Ok(())
        })
    }
}

fn write(out: &mut dyn Write, entry: &Entry<'_>, language: Language) -> Result<(), ArchiveError> {
    let minute = entry.time.as_ref().map(clock::minute).unwrap_or_default();
    let name = escaped(&entry.shown_name());
    match entry.side {
        Side::Middle => write!(out, "*{minute}*")?,
        Side::Own | Side::Other => write!(out, "**{name}** {minute}")?,
    }
    if let Some(mark) = entry.mark {
        write!(out, " ({mark})")?;
    }
    for (text, url) in plain::lines(&entry.body, language) {
        // A backslash breaks the line.
        write!(out, "\\\n{}", escaped(&text))?;
        match link::safe(&url) {
            Some(url) => write!(out, " <{url}>")?,
            None if !url.is_empty() => write!(out, " {}", escaped(&url))?,
            None => {}
        }
    }
    Ok(writeln!(out, "\n")?)
}

/// A line in which nothing is Markdown or HTML.
fn escaped(line: &str) -> String {
    let line = on_one_line(line);
    if line.is_empty() {
        // An empty line would end the paragraph.
        return "\u{a0}".to_owned();
    }
    let mut escaped = String::with_capacity(line.len());
    for character in line.chars() {
        // Markdown takes a backslash before any ASCII punctuation.
        if character.is_ascii_punctuation() && !",'\"/?;%".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_written_is_markdown() {
        assert_eq!(escaped("# *a* <b>\u{1b}"), r"\# \*a\* \<b\>\\u\{1b\}");
        assert_eq!(
            escaped("1. [x](javascript:y)"),
            r"1\. \[x\]\(javascript\:y\)"
        );
        assert_eq!(escaped("   "), "\u{a0}");
    }
}

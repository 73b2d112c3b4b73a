//! CSV for spreadsheets.

use std::io::Write;

use super::{
    clock,
    entry::{Entry, Next, Side},
    language::Language,
    options::{Export, ExportReport},
    plain,
    visible::visible,
};
use crate::{
    archive::Archive,
    error::ArchiveError,
    reading::{ArchivedMessage, ArchivedSession},
};

/// Tells spreadsheets that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

const COLUMNS: [&str; 14] = [
    "session",
    "talker_id",
    "name",
    "msg_seqno",
    "msg_key",
    "time",
    "timestamp",
    "sender_uid",
    "sender_name",
    "direction",
    "msg_type",
    "note",
    "text",
    "url",
];

impl Export {
    /// Writes the messages as CSV, one a row. A cell that a spreadsheet would take for a formula
    /// begins with `'`. Its own words are English in any language, for programs that read it.
    ///
    /// # Errors
    /// When the archive cannot be read, or `out` not written.
    pub fn csv(
        &self,
        archive: &Archive,
        out: &mut dyn Write,
    ) -> Result<ExportReport, ArchiveError> {
        out.write_all(BYTE_ORDER_MARK.as_bytes())?;
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(COLUMNS).map_err(failed)?;
        let english = self.clone().language(Language::English);
        let report = english.walk(archive, |next| match next {
            Next::Message(session, message, entry) => {
                let cells = cells(session, message, &entry);
                let cells = cells.iter().map(|cell| harmless(cell));
                csv.write_record(cells).map_err(failed)
            }
            Next::Session(_) | Next::Day(_) => Ok(()),
        })?;
        csv.flush()?;
        Ok(report)
    }
}

fn cells(session: &ArchivedSession, archived: &ArchivedMessage, entry: &Entry<'_>) -> [String; 14] {
    let message = archived.message.as_ref();
    let lines = plain::lines(&entry.body, Language::English);
    let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
    let url = lines.iter().find(|(_, url)| !url.is_empty());
    let direction = match entry.side {
        Side::Own => "own",
        Side::Other => "incoming",
        Side::Middle => "",
    };
    let session_type = if session.talker.session_type() == 1 {
        "user"
    } else {
        "group"
    };
    [
        session_type.to_owned(),
        session.talker.id().to_string(),
        session.name.clone(),
        archived.seqno.to_string(),
        message
            .map(|message| message.msg_key.to_string())
            .unwrap_or_default(),
        entry.time.as_ref().map(clock::exact).unwrap_or_default(),
        archived.timestamp.to_string(),
        entry
            .sender
            .map(|sender| sender.to_string())
            .unwrap_or_default(),
        entry.name.to_owned(),
        direction.to_owned(),
        message
            .map(|message| message.msg_type.number().to_string())
            .unwrap_or_default(),
        entry.mark.unwrap_or_default().to_owned(),
        texts.join("\n"),
        url.map(|(_, url)| url.clone()).unwrap_or_default(),
    ]
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    let begins = |text: &str| {
        let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
        text.trim_start().starts_with(formula) || text.starts_with(['\t', '\r', '\n'])
    };
    let shown = visible(cell);
    if begins(&shown) || begins(cell) {
        format!("'{shown}")
    } else {
        shown.into_owned()
    }
}

fn failed(error: csv::Error) -> ArchiveError {
    ArchiveError::Output(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in [
            "=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1",
        ] {
            assert!(harmless(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(harmless("a=1\u{1b}"), "a=1\\u{1b}");
    }
}

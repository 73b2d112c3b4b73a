//! Reading a file line by line.

use std::io::{self, BufRead, Read};

use super::{answers, lines::Lines};
use crate::{archive::Archive, error::ArchiveError};

/// The longest line to read, in bytes.
const LONGEST: u64 = 64 << 20;

/// How many broken lines the report names.
const NAMED: usize = 100;

/// How many lines are stored in one transaction, and about how many bytes.
const LINES_AT_ONCE: usize = 2000;
const BYTES_AT_ONCE: usize = 4 << 20;

/// An import: of our JSONL, or of the service's own answers as other programs keep them.
///
/// What the archive has already stays as it is. It is safe to import the same file twice, and to
/// import again after a failure.
///
/// ```no_run
/// use bili_im_archive::{Archive, Import};
///
/// # fn import() -> Result<(), Box<dyn std::error::Error>> {
/// let mut archive = Archive::create("messages.db")?;
/// let mut file = std::io::BufReader::new(std::fs::File::open("messages.jsonl")?);
/// let report = Import::new().read(&mut archive, &mut file)?;
/// println!("{} messages are new", report.messages);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Import {}

/// What an import has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ImportReport {
    /// How many messages were stored.
    pub messages: u64,
    /// How many messages the archive had already.
    pub known: u64,
    /// How many lines (of other programs' files: messages) could not be read.
    pub broken: u64,
    /// The first hundred of them.
    pub broken_lines: Vec<BrokenLine>,
    /// Whether the file was there to its end.
    pub is_complete: bool,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenLine {
    /// Its number, the first being 1.
    pub number: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl Import {
    /// Refuses files of other accounts than the archive's.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file into the archive.
    ///
    /// # Errors
    /// When the file is of no known format, of a newer version or of another account, or when the
    /// archive cannot be written.
    pub fn read(
        &self,
        archive: &mut Archive,
        file: &mut dyn BufRead,
    ) -> Result<ImportReport, ArchiveError> {
        archive.lock()?;
        let report = Self::read_all(archive, file);
        // What was read before a failure stays.
        archive.finish_erasing()?;
        report
    }

    fn read_all(
        archive: &mut Archive,
        file: &mut dyn BufRead,
    ) -> Result<ImportReport, ArchiveError> {
        let mut input = Input::new(file);
        let Some(first) = input.next_line()? else {
            return Err(ArchiveError::NotAnExport);
        };
        let mut lines = match Lines::begin(&first.bytes, archive.keep_recalled)? {
            Some(lines) => lines,
            None => return answers::read(archive, &first.bytes, input.file),
        };
        if let Some(owner) = lines.owner {
            archive.claim(owner)?;
        }
        loop {
            let batch = input.next_lines()?;
            if batch.is_empty() {
                return Ok(lines.report);
            }
            archive.transact(|connection| {
                batch
                    .iter()
                    .try_for_each(|line| lines.store(connection, line))
            })?;
        }
    }
}

impl ImportReport {
    pub(super) fn note_broken(&mut self, number: u64, reason: impl ToString) {
        self.broken += 1;
        if self.broken_lines.len() < NAMED {
            let reason = reason.to_string();
            self.broken_lines.push(BrokenLine { number, reason });
        }
    }
}

/// A line of a file.
#[derive(Debug)]
pub(super) struct InputLine {
    /// Its number, the first being 1.
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    /// Whether it is longer than any line that is read.
    pub(super) is_too_long: bool,
}

struct Input<'a> {
    file: &'a mut dyn BufRead,
    number: u64,
}

impl<'a> Input<'a> {
    fn new(file: &'a mut dyn BufRead) -> Self {
        Self { file, number: 0 }
    }

    /// Some lines; none at the end.
    fn next_lines(&mut self) -> Result<Vec<InputLine>, ArchiveError> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < LINES_AT_ONCE && bytes < BYTES_AT_ONCE {
            let Some(line) = self.next_line()? else { break };
            bytes += line.bytes.len();
            lines.push(line);
        }
        Ok(lines)
    }

    fn next_line(&mut self) -> Result<Option<InputLine>, ArchiveError> {
        let mut bytes = Vec::new();
        let read = Read::take(&mut *self.file, LONGEST).read_until(b'\n', &mut bytes);
        if read.map_err(ArchiveError::Input)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let is_too_long = bytes.len() as u64 == LONGEST && !bytes.ends_with(b"\n");
        if is_too_long {
            bytes.clear();
            skip_line(self.file).map_err(ArchiveError::Input)?;
        }
        Ok(Some(InputLine {
            number: self.number,
            bytes,
            is_too_long,
        }))
    }
}

/// Skips the rest of a line.
fn skip_line(file: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = file.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let (length, is_over) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        file.consume(length);
        if is_over {
            return Ok(());
        }
    }
}

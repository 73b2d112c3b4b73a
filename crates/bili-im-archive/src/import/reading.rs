//! The import of a file.

use std::io::BufRead;

use super::{answers, input::Input, lines::LineImporter, report::ImportReport};
use crate::{archive::Archive, error::ArchiveError};

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
        let mut lines = match LineImporter::begin(&first.bytes, archive.keep_recalled)? {
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

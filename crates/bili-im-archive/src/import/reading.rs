//! The import of a file.

use std::io::BufRead;

use bili_im_proto::Uid;

use super::{answers, input::Input, lines::LineImporter, report::ImportReport};
use crate::{archive::Archive, error::ArchiveError};

/// An import: of our JSONL, or of the service's own answers as other programs keep them.
///
/// What the archive has already stays as it is, but messages that the file says are recalled lose
/// what they said, unless [`Archive::keep_recalled`] is set. It is safe to import the same file
/// twice, and to import again after a failure.
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
pub struct Import {
    /// Whose files to read, if the archive does not say whose it is.
    account: Option<Uid>,
}

impl Import {
    /// Refuses files of other accounts than the archive's.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses files of other accounts than this one, too.
    #[must_use]
    pub fn of_account(self, uid: Uid) -> Self {
        Self { account: Some(uid) }
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
        let report = self.read_all(archive, file);
        // What was read before a failure stays.
        archive.finish_erasing()?;
        let report = report?;
        archive.erased += report.erased;
        Ok(report)
    }

    fn read_all(
        &self,
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
        if let Some(login) = lines.owner {
            if let Some(owner) = self.account.filter(|&account| account != login) {
                return Err(ArchiveError::Foreign { owner, login });
            }
            archive.claim(login)?;
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

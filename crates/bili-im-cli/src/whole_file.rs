//! Long files of this user, written piece by piece. They appear when they are whole.

use std::{
    error::Error as _,
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::{NamedTempFile, TempPath};

use crate::{
    failure::Failure,
    private_file::{self, folder_of},
    wording::Worded,
};

/// A file that is being written, with mode 0600. If it is dropped, nothing is left of it.
pub(crate) struct WholeFile {
    file: BufWriter<NamedTempFile>,
    target: Target,
}

/// A file that is written, and has still its temporary name.
pub(crate) struct Finished {
    path: TempPath,
    target: Target,
}

struct Target {
    path: PathBuf,
    replaces: bool,
}

impl WholeFile {
    /// Begins a file. With `replaces` it takes the place of what was there.
    pub(crate) fn create(path: &Path, replaces: bool) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            let path = path.display();
            Failure::other(format_text!(
                "{path} cannot be written: {error}",
                "{path} 无法写入：{error}"
            ))
        };
        let is_there = private_file::check(path)
            .map_err(|unusable| failed(&unusable).advise(unusable.advice()))?;
        if is_there && !replaces {
            let path = path.display();
            return Err(Failure::wrong_use(
                format_text!("{path} exists already", "{path} 已存在"),
                text!("give another path, or --force", "换一个路径，或加 --force"),
            ));
        }
        let file = tempfile::Builder::new()
            .prefix(".bili-im-")
            .suffix(".new")
            .tempfile_in(folder_of(path))
            .map_err(|error| {
                // The source does not name the temporary file.
                let cause = error.source().and_then(|cause| cause.downcast_ref());
                failed(&cause.unwrap_or(&error).worded()).advise(text!(
                    "give a folder that exists and is yours",
                    "请用存在且属于你的文件夹"
                ))
            })?;
        let target = Target {
            path: path.to_owned(),
            replaces,
        };
        Ok(Self {
            file: BufWriter::new(file),
            target,
        })
    }

    /// Writes the rest to the disk.
    pub(crate) fn finish(self) -> io::Result<Finished> {
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.as_file().sync_all()?;
        Ok(Finished {
            path: file.into_temp_path(),
            target: self.target,
        })
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Finished {
    /// Gives the file its name.
    pub(crate) fn keep(self) -> io::Result<()> {
        let Target { path, replaces } = self.target;
        let kept = match replaces {
            true => self.path.persist(path),
            false => self.path.persist_noclobber(path),
        };
        kept.map_err(|failed| failed.error)
    }
}

/// Copies a file that only this user can read, unless it is there.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Ok(());
    }
    private_file::create_folder(folder_of(to))?;
    let mut copy = NamedTempFile::new_in(folder_of(to))?;
    io::copy(&mut fs::File::open(from)?, &mut copy)?;
    copy.persist(to).map_err(|failed| failed.error)?;
    Ok(())
}

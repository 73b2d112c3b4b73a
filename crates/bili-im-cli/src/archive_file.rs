//! Which archive a command uses: one for each profile, in the platform's data folder.

use std::{env, path::PathBuf};

use bili_im_archive::{Archive, ArchiveError};
use clap::Args;
use directories::ProjectDirs;

use crate::{
    args::Global,
    failure::Failure,
    private_file::{create_folder, folder_of},
    state,
};

/// The environment variable with the data folder, instead of the platform's.
const VARIABLE: &str = "BILI_IM_DATA_DIR";

/// The argument of every command that uses an archive.
#[derive(Debug, Args)]
pub(crate) struct ArchiveFile {
    /// The archive to use, instead of the profile's
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
}

impl From<Option<PathBuf>> for ArchiveFile {
    fn from(archive: Option<PathBuf>) -> Self {
        Self { archive }
    }
}

impl ArchiveFile {
    /// Opens the archive to fill it. If there is none it is created, and only its owner can read it.
    pub(crate) fn create(&self, global: &Global) -> Result<Archive, Failure> {
        let path = self.path(global)?;
        if self.archive.is_none() {
            let folder = folder_of(&path);
            create_folder(folder).map_err(|error| {
                Failure::other(format!("{} cannot be made: {error}", folder.display()))
            })?;
        }
        Ok(Archive::create(path)?)
    }

    /// Opens an archive that exists.
    pub(crate) fn open(&self, global: &Global) -> Result<Archive, Failure> {
        Ok(Archive::open(self.path(global)?)?)
    }

    fn path(&self, global: &Global) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.archive {
            return Ok(path.clone());
        }
        let root = root().ok_or_else(|| {
            Failure::other("this user has no data folder").advise("give a file with --archive")
        })?;
        let service = state::folder(global.endpoint()?.as_ref());
        let profile = global.profile()?;
        Ok(root.join(service).join(format!("{profile}.db")))
    }
}

fn root() -> Option<PathBuf> {
    if let Some(dir) = env::var_os(VARIABLE).filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    let dirs = ProjectDirs::from("", "", "bili-im")?;
    Some(dirs.data_local_dir().to_owned())
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let advice = error.advice();
        let failure = match error {
            ArchiveError::Service(error) => return error.into(),
            ArchiveError::Foreign { .. }
            | ArchiveError::Missing(_)
            | ArchiveError::NothingToSearch
            | ArchiveError::SearchTooLong => Self::wrong_use(error.to_string(), ""),
            error => Self::other(error.to_string()),
        };
        match advice {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }
}

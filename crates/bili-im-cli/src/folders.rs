//! The folders of this program's files: the platform's, unless a variable names another. `None`
//! without a home directory.

use std::{
    env,
    path::{Path, PathBuf},
};

use bili_im_proto::Origin;
use directories::ProjectDirs;

/// The folder of the settings and of the logins.
pub(crate) fn config() -> Option<PathBuf> {
    folder("BILI_IM_CONFIG_DIR", ProjectDirs::config_dir)
}

/// The folder of what one command leaves for the next.
pub(crate) fn state() -> Option<PathBuf> {
    folder("BILI_IM_STATE_DIR", |dirs| {
        dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir())
    })
}

/// The folder of the archives.
pub(crate) fn data() -> Option<PathBuf> {
    folder("BILI_IM_DATA_DIR", ProjectDirs::data_local_dir)
}

fn folder(variable: &str, of_platform: fn(&ProjectDirs) -> &Path) -> Option<PathBuf> {
    match env::var_os(variable).filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(folder.into()),
        None => ProjectDirs::from("", "", "bili-im").map(|dirs| of_platform(&dirs).to_owned()),
    }
}

/// The name of a service's folder: `bilibili`, or its address without `:` and `/`.
pub(crate) fn of_service(endpoint: Option<&Origin>) -> String {
    match endpoint {
        None => "bilibili".to_owned(),
        Some(origin) => (origin.to_string().to_ascii_lowercase())
            .replace("://", "+")
            .replace(':', "+"),
    }
}

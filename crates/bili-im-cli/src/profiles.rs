//! Stored logins: one file for each profile, which only its owner can read. The secrets can be in the
//! keyring of the system instead.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    folders, keyring,
    output::Output,
    private_file::{self, Unusable, create_folder, folder_of},
    profile_name::ProfileName,
    stored_login::{Login, Stored, damaged},
    wording::Worded,
};

const EXTENSION: &str = "json";

/// The most bytes of a file: more than any login has.
const MOST: u64 = 1 << 20;

/// A profile, whether or not it has a login.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) name: ProfileName,
    path: PathBuf,
}

impl Profile {
    pub(crate) fn named(name: ProfileName) -> Result<Self, Failure> {
        let path = dir()?.join(format!("{name}.{EXTENSION}"));
        Ok(Self { name, path })
    }

    /// All profiles, sorted by name.
    pub(crate) fn all() -> Result<Vec<Self>, Failure> {
        let dir = dir()?;
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                let (dir, error) = (dir.display(), error.worded());
                return Err(Failure::unusable_login(
                    format_text!(
                        "the folder of logins {dir} cannot be read: {error}",
                        "无法读取存放登录的目录 {dir}：{error}"
                    ),
                    text!(
                        "see to it that it is yours, or set BILI_IM_CONFIG_DIR to another folder",
                        "确认这个目录归你所有，或用 BILI_IM_CONFIG_DIR 换一个目录"
                    ),
                ));
            }
        };
        let mut profiles: Vec<Self> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                if path.extension()? != EXTENSION {
                    return None;
                }
                let name = path.file_stem()?.to_str()?.parse().ok()?;
                Some(Self { name, path })
            })
            .collect();
        profiles.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(profiles)
    }

    /// Reads the login, if there is one. A file that other users can read is refused.
    pub(crate) fn load(&self) -> Result<Option<Login>, Failure> {
        let unreadable = |error: Unusable| unreadable(&self.path, &error);
        let Some(opened) = private_file::open(&self.path).map_err(unreadable)? else {
            return Ok(None);
        };
        if opened.is_readable_by_others() {
            let path = self.path.display();
            return Err(Failure::unusable_login(
                format_text!(
                    "others can read {path}, and the login in it is the account",
                    "其他用户能读取 {path}，而里面的登录等于账号本身"
                ),
                format_text!(
                    "chmod 600 {path}; if others may have read it, bili-im logout and log in again",
                    "运行 chmod 600 {path}；如果可能已被别人看到，用 bili-im logout 退出后重新登录"
                ),
            ));
        }
        let text = opened.read(MOST).map_err(unreadable)?;
        let mut stored = Stored::parse(&text).map_err(|reason| self.holds_no_login(reason))?;
        if let Some(entry) = &stored.keyring {
            let missing = || text!("the keyring does not have it", "密钥环里没有它");
            let secrets = keyring::load(entry)?.ok_or_else(|| self.holds_no_login(missing()))?;
            stored.secrets = serde_json::from_str(&secrets).ok();
        }
        let login = stored.login();
        login
            .map(Some)
            .ok_or_else(|| self.holds_no_login(damaged()))
    }

    /// The reason does not quote the file, which holds a secret.
    fn holds_no_login(&self, reason: &str) -> Failure {
        Failure::unusable_login(
            format_text!(
                "{} holds no login that can be used: {reason}",
                "{} 里没有可用的登录：{reason}",
                self.path.display()
            ),
            format_text!(
                "log in again: bili-im login --profile {}",
                "重新登录：bili-im login --profile {}",
                self.name
            ),
        )
    }

    /// The entry in the keyring of the login that is stored.
    fn entry(&self) -> Option<String> {
        let opened = private_file::open(&self.path).ok()??;
        Stored::entry_in(&opened.read(MOST).ok()?)
    }

    /// Whether the login that is stored has its secrets in the keyring.
    #[cfg(feature = "serve")]
    pub(crate) fn is_in_keyring(&self) -> bool {
        self.entry().is_some()
    }

    /// Fails when a login could not be stored, before one is made in vain.
    pub(crate) fn check(&self, is_for_keyring: bool) -> Result<(), Failure> {
        if is_for_keyring {
            keyring::load(self.name.as_str())?;
        }
        match private_file::check(&self.path) {
            Err(error) if error.is_not_ours() => Err(cannot_keep(&self.path, &error)),
            _ => Ok(()),
        }
    }

    /// Stores a login in place of the last one, which stays when that fails.
    pub(crate) fn store(&self, login: &Login, out: Output) -> Result<(), Failure> {
        let last = self.entry();
        let mut stored = Stored::of(login);
        if login.is_in_keyring {
            // A new entry, since the file leads to the last one until it is written.
            let entry = format!("{} {}", self.name, bili_im_ureq::now().unix.0);
            let secrets = serde_json::to_string(&stored.secrets.take()).map(Zeroizing::new);
            let secrets = secrets.map_err(|error| self.cannot_write(error))?;
            keyring::store(&entry, &secrets)?;
            stored.keyring = Some(entry);
        }
        if let Err(failure) = self.write(&stored) {
            remove_entry(stored.keyring.as_deref(), out);
            return Err(failure);
        }
        remove_entry(last.as_deref(), out);
        Ok(())
    }

    fn write(&self, stored: &Stored) -> Result<(), Failure> {
        let text = serde_json::to_vec(stored).map(Zeroizing::new);
        let text = text.map_err(|error| self.cannot_write(error))?;
        create_private_folder(folder_of(&self.path)).map_err(|error| self.cannot_write(error))?;
        match private_file::write(&self.path, &text) {
            Ok(_) => Ok(()),
            Err(error) => Err(cannot_keep(&self.path, &error)),
        }
    }

    fn cannot_write(&self, error: impl Into<io::Error>) -> Failure {
        cannot_keep(&self.path, &Unusable::Io(error.into()))
    }

    /// Removes the login. Returns whether there was one.
    pub(crate) fn remove(&self, out: Output) -> Result<bool, Failure> {
        let entry = self.entry();
        let removed = match private_file::check(&self.path) {
            Ok(true) => fs::remove_file(&self.path).map_err(Unusable::from),
            Ok(false) => return Ok(false),
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) => {
                remove_entry(entry.as_deref(), out);
                Ok(true)
            }
            Err(error) => Err(Failure::other(format_text!(
                "{} cannot be removed: {error}",
                "无法删除 {}：{error}",
                self.path.display()
            ))
            .advise(text!(
                "remove it yourself, when a login is in it",
                "如果里面有登录，请自行删除"
            ))),
        }
    }
}

/// Removes an entry of the keyring. A failure is a warning: nothing leads to the entry any more.
fn remove_entry(entry: Option<&str>, out: Output) {
    if let Some(entry) = entry
        && let Err(failure) = keyring::remove(entry)
    {
        let why = failure.message();
        out.warn(format_text!(
            "the login may still be in the keyring, as bili-im \"{entry}\": {why}",
            "密钥环里可能还留着登录，名为 bili-im “{entry}”：{why}"
        ));
    }
}

/// The folder of the profiles.
pub(crate) fn dir() -> Result<PathBuf, Failure> {
    let folder = folders::config().ok_or_else(|| {
        Failure::other(text!(
            "there is no home directory to keep logins in",
            "没有主目录，无处存放登录"
        ))
        .advise(text!(
            "set BILI_IM_CONFIG_DIR to a folder of your own",
            "用 BILI_IM_CONFIG_DIR 指定一个你自己的目录"
        ))
    })?;
    Ok(folder.join("profiles"))
}

fn unreadable(path: &Path, error: &Unusable) -> Failure {
    Failure::unusable_login(
        format_text!(
            "the login in {} cannot be read: {error}",
            "无法读取 {} 里的登录：{error}",
            path.display()
        ),
        error.advice(),
    )
}

fn cannot_keep(path: &Path, error: &Unusable) -> Failure {
    let path = path.display();
    Failure::other(format_text!(
        "the login cannot be kept as {path}: {error}",
        "登录无法保存为 {path}：{error}"
    ))
    .advise(text!(
        "set BILI_IM_CONFIG_DIR to a folder of your own, or see what lies there",
        "用 BILI_IM_CONFIG_DIR 指定一个你自己的目录，或看看那里放着什么"
    ))
}

/// Creates the folder. One with another mode is made private too.
fn create_private_folder(path: &Path) -> io::Result<()> {
    create_folder(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

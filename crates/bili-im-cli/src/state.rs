//! What one command leaves for the next: each account's pacing, signing keys and back-off, and the
//! device id of the installation.
//!
//! None of it is secret. A damaged file is a warning and never an error.

use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use bili_im_proto::{DeviceId, InvalidSnapshot, Origin, Snapshot, Uid};
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    folders,
    lock::{Lock, Patience},
    output::Output,
    private_file::{self, Unusable},
    wording::Worded,
};

/// The most bytes of a file: more than any state has.
const MOST: u64 = 1 << 20;

/// How long a command waits for another command of the account.
pub(crate) const COMMAND_PATIENCE: Patience = Patience {
    silent: Duration::from_secs(1),
    most: Some(Duration::from_secs(120)),
};

/// How long a command that runs for long waits. It never gives up: started again, it would only
/// wait again.
pub(crate) const WATCH_PATIENCE: Patience = Patience {
    silent: Duration::from_secs(10),
    most: None,
};

/// The state of one account at one endpoint.
pub(crate) struct StateFile {
    path: PathBuf,
    lock: Lock,
}

#[derive(Serialize, Deserialize)]
struct Stored<S> {
    account: S,
}

impl StateFile {
    /// Opens an account's state; `None`, after a warning, when it cannot be stored.
    pub(crate) fn open(uid: Option<Uid>, endpoint: Option<&Origin>, out: Output) -> Option<Self> {
        let dir = folders::state()?.join(folders::of_service(endpoint));
        let name = match uid {
            Some(uid) => uid.to_string(),
            // A cookie without a uid. All such logins share one pace.
            None => "unnamed".to_owned(),
        };
        let path = dir.join(format!("{name}.json"));
        let opened = private_file::create_folder(&dir).map_err(Unusable::from);
        match opened.and_then(|()| Self::at(path.clone())) {
            Ok(state) => Some(state),
            Err(error) => {
                cannot_keep(&path, &error, out);
                None
            }
        }
    }

    fn at(path: PathBuf) -> Result<Self, Unusable> {
        private_file::check(&path)?;
        let lock = Lock::of(&path)?;
        Ok(Self { path, lock })
    }

    /// Locks the state, and waits for other processes. Returns `false`, after a warning, when
    /// locking fails.
    ///
    /// # Errors
    /// When another process holds the lock for too long.
    pub(crate) fn lock(&self, patience: Patience, out: Output) -> Result<bool, Failure> {
        let who = text!(
            "another bili-im of this account",
            "这个账号的另一个 bili-im"
        );
        match take(&self.lock, patience, who, out) {
            Ok(true) => Ok(true),
            Ok(false) => Err(kept_busy(&self.lock, patience, who)),
            Err(error) => {
                self.warn(&error, out);
                Ok(false)
            }
        }
    }

    pub(crate) fn unlock(&self) -> Result<(), Unusable> {
        Ok(self.lock.unlock()?)
    }

    /// Restores what the last process stored. What cannot be used is set aside.
    pub(crate) fn restore<T>(
        &self,
        restore: impl FnOnce(&Snapshot) -> Result<T, InvalidSnapshot>,
        out: Output,
    ) -> Option<T> {
        match restore(&self.load(out)?) {
            Ok(restored) => Some(restored),
            Err(invalid) => {
                self.set_aside(&invalid.worded(), out);
                None
            }
        }
    }

    fn load(&self, out: Output) -> Option<Snapshot> {
        let read = private_file::read(&self.path, MOST).map_err(|error| error.to_string());
        let parsed = read.and_then(|text| {
            let stored = text.map(|text| serde_json::from_slice::<Stored<Snapshot>>(&text));
            stored.transpose().map_err(|_| damaged())
        });
        match parsed {
            Ok(stored) => stored.map(|stored| stored.account),
            Err(reason) => {
                self.set_aside(&reason, out);
                None
            }
        }
    }

    pub(crate) fn store(&self, snapshot: &Snapshot) -> Result<(), Unusable> {
        let stored = Stored { account: snapshot };
        let text = serde_json::to_vec(&stored).map_err(io::Error::from)?;
        private_file::write_unsynced(&self.path, &text)
    }

    /// The file of what is known of users.
    pub(crate) fn users_file(&self) -> PathBuf {
        self.path.with_extension("users.json")
    }

    /// Warns that the state cannot be stored.
    pub(crate) fn warn(&self, error: &Unusable, out: Output) {
        cannot_keep(&self.path, error, out);
    }

    /// Renames a damaged state, so that the user can look at it.
    fn set_aside(&self, reason: &impl Display, out: Output) {
        set_aside(
            text!("the pace of this account", "账号的限速状态"),
            &self.path,
            reason,
            out,
        );
    }
}

fn damaged() -> String {
    text!("it is damaged", "内容损坏").to_owned()
}

fn cannot_keep(path: &Path, error: &Unusable, out: Output) {
    out.warn(format_text!(
        "the pace of this account cannot be kept in {}: {error}; {}",
        "账号的限速状态无法存到 {}：{error}；{}",
        path.display(),
        error.advice()
    ));
}

/// Takes a lock. Returns whether that worked in time.
fn take(lock: &Lock, patience: Patience, who: &str, out: Output) -> Result<bool, Unusable> {
    lock.take(patience, || {
        let path = lock.path().display();
        out.warn(format_text!(
            "waiting for {who}, which holds {path}",
            "正在等{who}释放 {path}"
        ));
    })
}

fn kept_busy(lock: &Lock, patience: Patience, who: &str) -> Failure {
    let path = lock.path().display();
    let seconds = patience.most.unwrap_or_default().as_secs();
    Failure::other(format_text!(
        "{who} has held {path} for {seconds} s, and nothing was done",
        "{who}占用 {path} 已 {seconds} 秒，什么都没做"
    ))
    .advise(format_text!(
        "see which one hangs or is stopped (fuser {path}), end it or let it go on, and try again",
        "用 fuser {path} 看看是哪个进程卡住或被暂停了，结束它或让它继续，然后重试"
    ))
}

/// The stored device id, which all accounts of this installation share.
pub(crate) fn stored_device_id() -> Option<DeviceId> {
    read_device_id(&device_id_file()?).ok().flatten()?.ok()
}

/// Makes a device id and stores it. When another process was faster, returns that one's.
///
/// # Errors
/// When another process holds the lock for too long.
pub(crate) fn keep_device_id(new: impl Fn() -> DeviceId, out: Output) -> Result<DeviceId, Failure> {
    let Some(path) = device_id_file() else {
        return Ok(new());
    };
    let cannot_be_kept = |error: Unusable| {
        out.warn(format_text!(
            "the device id cannot be kept as {}: {error}; {}",
            "设备 id 无法存为 {}：{error}；{}",
            path.display(),
            error.advice()
        ));
        Ok(new())
    };
    let who = text!("another bili-im on this machine", "本机的另一个 bili-im");
    let lock = match private_file::check(&path).and_then(|_| Lock::of(&path)) {
        Ok(lock) => lock,
        Err(error) => return cannot_be_kept(error),
    };
    match take(&lock, COMMAND_PATIENCE, who, out) {
        Ok(true) => {}
        Ok(false) => return Err(kept_busy(&lock, COMMAND_PATIENCE, who)),
        Err(error) => return cannot_be_kept(error),
    }
    match read_device_id(&path) {
        Ok(Some(Ok(id))) => return Ok(id),
        Ok(None) => {}
        Ok(Some(Err(reason))) => set_aside(text!("the device id", "设备 id"), &path, &reason, out),
        Err(error) => set_aside(text!("the device id", "设备 id"), &path, &error, out),
    }
    let id = new();
    match private_file::write(&path, format!("{id}\n").as_bytes()) {
        Ok(_) => Ok(id),
        Err(error) => cannot_be_kept(error),
    }
}

fn device_id_file() -> Option<PathBuf> {
    Some(folders::state()?.join("device_id"))
}

/// Reads the device id; the inner error says that the file is damaged.
fn read_device_id(path: &Path) -> Result<Option<Result<DeviceId, String>>, Unusable> {
    let Some(bytes) = private_file::read(path, MOST)? else {
        return Ok(None);
    };
    let id = match std::str::from_utf8(&bytes) {
        Ok(text) => (text.trim().parse())
            .map_err(|invalid| format_text!("it is damaged: {invalid}", "内容损坏：{invalid}")),
        Err(_) => Err(damaged()),
    };
    Ok(Some(id))
}

/// Renames a damaged file, unless it or the one at the new name is not a plain file of this user.
fn set_aside(what: &str, path: &Path, reason: &impl Display, out: Output) {
    let aside = path.with_extension("aside");
    let moved = private_file::check(path)
        .and_then(|_| private_file::check(&aside))
        .and_then(|_| Ok(fs::rename(path, &aside)?));
    let (path, aside) = (path.display(), aside.display());
    out.warn(&match moved {
        Ok(()) => {
            format_text!(
                "starting anew: {what}, kept in {path}, cannot be used ({reason}); \
                 it is now {aside}",
                "重新开始：{path} 里的{what}不能用（{reason}），已移到 {aside}"
            )
        }
        Err(error) => format_text!(
            "starting anew: {what}, kept in {path}, cannot be used ({reason}), \
             nor moved to {aside}: {error}",
            "重新开始：{path} 里的{what}不能用（{reason}），也移不到 {aside}：{error}"
        ),
    });
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_command_that_waited_for_too_long_says_for_what_and_what_to_do() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("1.json");
        let [one, other] = [(); 2].map(|()| StateFile::at(path.clone()).unwrap());
        let patience = Patience {
            silent: Duration::from_millis(10),
            most: Some(Duration::from_millis(20)),
        };
        let out = Output::new(true);
        assert!(one.lock(patience, out).unwrap());
        let failure = other.lock(patience, out).unwrap_err();
        assert!(failure.message().contains(".1.json.bili-im-lock"));
        assert!(failure.advice().unwrap().contains("end it or let it go on"));
        assert_eq!(failure.exit(), crate::failure::Exit::Other);
        one.unlock().unwrap();
    }
}

//! What outlives the process: each account's pace, keys and back-off, and the installation's device
//! id. Nothing secret. Whatever is wrong with it is a warning, never an error.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use bili_im_proto::{DeviceId, InvalidDeviceId, Origin, Snapshot, Uid};
use directories::ProjectDirs;
use serde::{Deserialize, Serialize};

use crate::output::Output;

/// Where it is, instead of the platform's place.
const VARIABLE: &str = "BILI_IM_STATE_DIR";

/// More than any state of ours.
const MOST: u64 = 1 << 20;

/// How far the wall clock may have been set back before what is stored means nothing any more, in
/// seconds: it would hold the account back for that long.
const CLOCK_TOLERANCE: u64 = 60;

/// The state of one account at one endpoint.
pub(crate) struct StateFile {
    path: PathBuf,
    lock: File,
}

#[derive(Serialize, Deserialize)]
struct Stored<S> {
    /// In seconds since 1970.
    stored_at: u64,
    account: S,
}

impl StateFile {
    /// Finds an account's state; `None` when it cannot be kept.
    pub(crate) fn open(uid: Option<Uid>, endpoint: Option<&Origin>, out: Output) -> Option<Self> {
        let dir = root()?.join(folder(endpoint));
        let name = match uid {
            Some(uid) => uid.to_string(),
            // Such a login must ask who it is, and shares its pace with others that must.
            None => "unnamed".to_owned(),
        };
        let lock = create_dir(&dir)
            .and_then(|()| private().open(dir.join(format!("{name}.lock"))))
            .inspect_err(|error| cannot_keep(&dir, error, out));
        Some(Self {
            path: dir.join(format!("{name}.json")),
            lock: lock.ok()?,
        })
    }

    /// Waits for other processes; from now on they wait.
    pub(crate) fn hold(&self) -> io::Result<()> {
        self.lock.lock()
    }

    /// Lets other processes go on.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.lock.unlock()
    }

    /// What the last process stored.
    pub(crate) fn load(&self, out: Output) -> Option<Snapshot> {
        let text = match read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.set_aside(&error.to_string(), out);
                return None;
            }
        };
        let reason = match serde_json::from_str::<Stored<Snapshot>>(&text) {
            Ok(stored) if stored.stored_at <= now().saturating_add(CLOCK_TOLERANCE) => {
                return Some(stored.account);
            }
            Ok(_) => "the clock was set back since it was stored".to_owned(),
            Err(error) => error.to_string(),
        };
        self.set_aside(&reason, out);
        None
    }

    /// Stores what the next process should know.
    pub(crate) fn store(&self, snapshot: &Snapshot) -> io::Result<()> {
        let stored = Stored {
            stored_at: now(),
            account: snapshot,
        };
        replace(&self.path, &serde_json::to_vec(&stored)?)
    }

    /// Tells that it cannot be kept.
    pub(crate) fn warn(&self, error: &io::Error, out: Output) {
        cannot_keep(&self.path, error, out);
    }

    /// Puts what cannot be used where it is not found again, but can be looked at.
    pub(crate) fn set_aside(&self, reason: &str, out: Output) {
        set_aside(&self.path, reason, out);
    }
}

fn cannot_keep(path: &Path, error: &io::Error, out: Output) {
    let path = path.display();
    out.warn(&format!(
        "the pace of this account cannot be kept in {path}: {error}"
    ));
}

/// The id of this installation, which all its accounts share, if there is one yet.
pub(crate) fn stored_device_id() -> Option<DeviceId> {
    read_device_id(&device_id_file()?).ok()?.ok()
}

/// Makes the id of this installation and keeps it, unless another process is faster.
pub(crate) fn keep_device_id(new: impl Fn() -> DeviceId, out: Output) -> DeviceId {
    let Some(path) = device_id_file() else {
        return new();
    };
    let kept = private()
        .open(path.with_extension("lock"))
        .and_then(|lock| {
            lock.lock()?;
            match read_device_id(&path) {
                Ok(Ok(id)) => return Ok(id),
                Ok(Err(invalid)) => set_aside(&path, &invalid.to_string(), out),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => set_aside(&path, &error.to_string(), out),
            }
            let id = new();
            replace(&path, format!("{id}\n").as_bytes())?;
            Ok(id)
        });
    kept.unwrap_or_else(|error| {
        let path = path.display();
        out.warn(&format!("the device id cannot be kept as {path}: {error}"));
        new()
    })
}

fn device_id_file() -> Option<PathBuf> {
    Some(root()?.join("device_id"))
}

fn read_device_id(path: &Path) -> io::Result<Result<DeviceId, InvalidDeviceId>> {
    Ok(read(path)?.trim().parse())
}

fn root() -> Option<PathBuf> {
    if let Some(dir) = env::var_os(VARIABLE).filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    let dirs = ProjectDirs::from("", "", "bili-im")?;
    let dir = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
    Some(dir.to_owned())
}

/// The folder of a service: `bilibili`, or its address in characters that a file's name can have.
fn folder(endpoint: Option<&Origin>) -> String {
    match endpoint {
        None => "bilibili".to_owned(),
        Some(origin) => (origin.to_string().to_ascii_lowercase())
            .replace("://", "+")
            .replace(':', "+"),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file to write, for its owner alone when it is new.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a file so that a reader finds the old or the new one, never half of it. For one writer at a
/// time.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let written = private()
        .open(&temporary)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _best_effort = fs::remove_file(&temporary);
    }
    written
}

fn set_aside(path: &Path, reason: &str, out: Output) {
    let aside = path.with_extension("aside");
    match fs::rename(path, &aside) {
        Ok(()) => out.warn(&format!(
            "starting anew: what was stored is kept as {}: {reason}",
            aside.display()
        )),
        Err(error) => out.warn(&format!(
            "starting anew: {} cannot be used ({reason}) nor moved: {error}",
            path.display()
        )),
    }
}

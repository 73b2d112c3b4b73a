//! Files that only this user can read.
//!
//! A file is replaced as a whole, so that a crash leaves the old or the new one. Links, folders and
//! files of other users at its path are neither read nor changed.

use std::{
    fmt::{self, Display},
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::{failure::Failure, wording::Worded};

/// Why a file is not used.
#[derive(Debug)]
pub(crate) enum Unusable {
    Link,
    Folder,
    /// A FIFO, a device, a socket.
    Special,
    AnotherOwner,
    TooLong,
    Io(io::Error),
}

/// A plain file of this user, open for reading.
#[derive(Debug)]
pub(crate) struct Opened {
    file: File,
    metadata: Metadata,
}

impl Unusable {
    /// Whether something else than a plain file of this user is at the path.
    pub(crate) fn is_not_ours(&self) -> bool {
        match self {
            Self::Link | Self::Folder | Self::Special | Self::AnotherOwner => true,
            Self::TooLong | Self::Io(_) => false,
        }
    }

    /// What the user can do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Link => text!(
                "put a file there instead of the link",
                "换成普通文件，不要用链接"
            ),
            Self::Folder | Self::Special | Self::TooLong => {
                text!("move it away, or use another place", "把它移走，或换个位置")
            }
            Self::AnotherOwner => text!(
                "use a place of your own, or run this as the user who owns it",
                "换到自己的目录，或以文件所有者的身份运行"
            ),
            Self::Io(_) => text!(
                "use a folder that exists and is yours to read and write",
                "换一个已存在、且你有读写权限的目录"
            ),
        }
    }
}

impl Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link => text!("it is a link to another file", "它是指向其他文件的链接"),
            Self::Folder => text!("it is a folder", "它是目录"),
            Self::Special => text!("it is not a plain file", "它不是普通文件"),
            Self::AnotherOwner => text!("it belongs to another user", "它属于其他用户"),
            Self::TooLong => text!(
                "it is longer than such a file ever is",
                "它比这类文件该有的大小长得多"
            ),
            Self::Io(error) => return f.write_str(&error.worded()),
        })
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Whether an open file is still the one at its path: neither deleted nor replaced.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let open = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Windows does not let an open file be deleted or replaced.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Opens a file for reading; `None` when there is none.
pub(crate) fn open(path: &Path) -> Result<Option<Opened>, Unusable> {
    if !check(path)? {
        return Ok(None);
    }
    let (file, metadata) = open_with(OpenOptions::new().read(true), path)?;
    Ok(Some(Opened { file, metadata }))
}

/// Reads a file of at most `most` bytes; `None` when there is none.
pub(crate) fn read(path: &Path, most: u64) -> Result<Option<Zeroizing<Vec<u8>>>, Unusable> {
    open(path)?.map(|opened| opened.read(most)).transpose()
}

/// Stores a file with mode 0600. A crash leaves the old or the new file, a power failure too. What
/// is written to the returned file is appended.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<File, Unusable> {
    let temporary = temporary(path, content)?;
    temporary.as_file().sync_all()?;
    let file = temporary.persist(path).map_err(|failed| failed.error)?;
    sync_folder(folder_of(path))?;
    Ok(file)
}

/// Stores a file with mode 0600, without waiting for the disk: for what a power failure may take.
pub(crate) fn write_unsynced(path: &Path, content: &[u8]) -> Result<(), Unusable> {
    let temporary = temporary(path, content)?;
    temporary.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Writes a file beside `path` under a random name. It is created anew, so that nobody can have
/// opened it before.
fn temporary(path: &Path, content: &[u8]) -> Result<NamedTempFile, Unusable> {
    check(path)?;
    let mut temporary = tempfile::Builder::new()
        .prefix(".bili-im-")
        .suffix(".new")
        .tempfile_in(folder_of(path))?;
    temporary.write_all(content)?;
    Ok(temporary)
}

/// Opens a lock file, or creates it. Nothing is written to it.
pub(crate) fn open_to_lock(path: &Path) -> Result<File, Unusable> {
    check(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let (file, _) = open_with(&mut options, path)?;
    Ok(file)
}

/// Refuses a path with anything else than a plain file of this user. Returns whether there is a
/// file.
pub(crate) fn check(path: &Path) -> Result<bool, Unusable> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => check_ours(&metadata).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Creates a folder for this user alone, unless it exists.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// As [`create_folder`], with a failure that says which folder it is.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    create_folder(path).map_err(|error| {
        let (folder, error) = (path.display(), error.worded());
        Failure::other(format_text!(
            "{folder} cannot be made: {error}",
            "无法创建文件夹 {folder}：{error}"
        ))
    })
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

impl Opened {
    /// Whether other users can read the file.
    #[cfg(unix)]
    pub(crate) fn is_readable_by_others(&self) -> bool {
        use std::os::unix::fs::PermissionsExt;

        self.metadata.permissions().mode() & 0o077 != 0
    }

    /// Without file modes, the folder decides who can read it.
    #[cfg(not(unix))]
    pub(crate) fn is_readable_by_others(&self) -> bool {
        false
    }

    /// Reads the whole file.
    pub(crate) fn read(self, most: u64) -> Result<Zeroizing<Vec<u8>>, Unusable> {
        let length = self.metadata.len();
        if length > most {
            return Err(Unusable::TooLong);
        }
        // Enough capacity for all: a vector that grows leaves copies of a secret in memory.
        let room = usize::try_from(length).unwrap_or_default() + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        self.file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(Unusable::TooLong);
        }
        Ok(bytes)
    }
}

/// Opens a plain file of this user. Checks the open file, since the path may have changed
/// meanwhile.
fn open_with(options: &mut OpenOptions, path: &Path) -> Result<(File, Metadata), Unusable> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    check_ours(&metadata)?;
    Ok((file, metadata))
}

fn check_ours(metadata: &Metadata) -> Result<(), Unusable> {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        Err(Unusable::Link)
    } else if kind.is_dir() {
        Err(Unusable::Folder)
    } else if !kind.is_file() {
        Err(Unusable::Special)
    } else if !is_owned(metadata) {
        Err(Unusable::AnotherOwner)
    } else {
        Ok(())
    }
}

#[cfg(unix)]
fn is_owned(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw()
}

/// The metadata of this platform has no owner.
#[cfg(not(unix))]
fn is_owned(_: &Metadata) -> bool {
    true
}

/// Makes a rename survive a power failure.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// This platform cannot open a folder, and a rename does not need it.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

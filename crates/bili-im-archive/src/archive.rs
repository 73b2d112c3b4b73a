//! The file: created, opened, checked.

use std::{
    ffi::OsString,
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bili_im_proto::Uid;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use serde_json::value::RawValue;

use crate::{
    error::ArchiveError,
    percent::encoded,
    rows::{from_sql, to_sql},
};

/// Says that a database is an archive: `BIM1`, as SQLite's `application_id`.
const APPLICATION_ID: i64 = 0x4249_4d31;

/// What makes each format from the one before it, from an empty file on. An archive's format is
/// its `user_version`.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("queue.sql"),
    include_str!("dead_letters.sql"),
    include_str!("rules.sql"),
    include_str!("rules_open.sql"),
];

/// The newest format.
const FORMAT: i64 = MIGRATIONS.len() as i64;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The conversations of one account, in one SQLite file.
///
/// [`Client::sync`](https://docs.rs/bili-im-ureq) fills it, or whoever drives
/// [`Account::sync`](bili_im_proto::Account::sync): it is a [`SyncStore`](bili_im_proto::SyncStore).
/// Other processes can read it meanwhile.
pub struct Archive {
    pub(crate) connection: Connection,
    path: PathBuf,
    pub(crate) keep_recalled: bool,
    /// How many recalled messages have lost what they said.
    pub(crate) erased: u64,
    /// Held while this process fills the archive.
    lock: Option<File>,
    /// Which file was opened.
    file: Option<FileId>,
}

impl Archive {
    /// Opens an archive to fill it. If there is none it is created, and only its owner can read it.
    ///
    /// # Errors
    /// When the file is no archive, a newer one or damaged. Then it is left as it is.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, ArchiveError> {
        let path = path.into();
        match create_private(&path) {
            Ok(_) => Self::open_file(path),
            Err(source) => Err(ArchiveError::File { path, source }),
        }
    }

    /// Opens an archive that exists. Where nothing can be written it can only be read.
    ///
    /// # Errors
    /// As [`create`](Self::create). Also when there is no such file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ArchiveError> {
        let path = path.into();
        if path.metadata().map_or(0, |file| file.len()) == 0 {
            return Err(ArchiveError::Missing(path));
        }
        match Self::open_file(path.clone()) {
            Err(ArchiveError::NotWritable(_)) if is_write_protected(&path) => {
                Self::open_read_only(path)
            }
            opened => opened,
        }
    }

    fn open_file(path: PathBuf) -> Result<Self, ArchiveError> {
        let connection = Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        let mut archive = Self::of(connection, path)?;
        archive.prepare()?;
        archive.file = file_id(&archive.path);
        Ok(archive)
    }

    /// Opens an archive that no process can change, as on read-only media.
    fn open_read_only(path: PathBuf) -> Result<Self, ArchiveError> {
        // What was stored last is in the log, which SQLite reads only where it can write.
        if path_beside(&path, "wal").exists() {
            return Err(ArchiveError::ReadOnly(path));
        }
        let connection = Connection::open_with_flags(
            immutable_uri(&path)?,
            OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_URI,
        )?;
        let mut archive = Self::of(connection, path)?;
        if archive.format()? < FORMAT {
            return Err(ArchiveError::ReadOnly(archive.path));
        }
        archive.file = file_id(&archive.path);
        Ok(archive)
    }

    fn of(connection: Connection, path: PathBuf) -> Result<Self, ArchiveError> {
        connection.busy_timeout(PATIENCE)?;
        // Otherwise SQLite plans some statements anew each time they run.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Self {
            connection,
            path,
            keep_recalled: false,
            erased: 0,
            lock: None,
            file: None,
        })
    }

    /// Whether to keep what recalled messages said, as far as it was read. By default it is erased.
    #[must_use]
    pub fn keep_recalled(self, keep_recalled: bool) -> Self {
        Self {
            keep_recalled,
            ..self
        }
    }

    /// How many recalled messages have lost what they said while this archive was open: those that
    /// it had, and those that the service still sent. With
    /// [`keep_recalled`](Self::keep_recalled) none does.
    pub fn erased(&self) -> u64 {
        self.erased
    }

    /// Where the archive is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file at the archive's path is still the open one. When it was deleted or moved,
    /// what is stored goes with it.
    pub fn is_in_place(&self) -> bool {
        file_id(&self.path) == self.file
    }

    /// Closes the archive, and deletes it if nothing was ever stored in it. Returns whether it did.
    ///
    /// # Errors
    /// When it cannot be read or deleted.
    pub fn remove_if_empty(self) -> Result<bool, ArchiveError> {
        let is_empty = self.owner()?.is_none() && self.sessions()?.is_empty();
        if !is_empty || !self.is_in_place() {
            return Ok(false);
        }
        let Self {
            connection, path, ..
        } = self;
        // This deletes the files of SQLite beside it.
        connection.close().map_err(|(_, error)| error)?;
        for path in [path_beside(&path, "lock"), path] {
            if let Err(source) = fs::remove_file(&path)
                && source.kind() != io::ErrorKind::NotFound
            {
                return Err(ArchiveError::File { path, source });
            }
        }
        Ok(true)
    }

    /// Whose archive it is; `None` when nothing was ever stored in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn owner(&self) -> Result<Option<Uid>, ArchiveError> {
        let mut owner = self.connection.prepare_cached("SELECT uid FROM owner")?;
        let mut rows = owner.query([])?;
        let uid = rows.next()?.map(|row| row.get(0)).transpose()?;
        Ok(uid.map(|uid| Uid(from_sql(uid))))
    }

    /// Notes whose archive it is.
    ///
    /// # Errors
    /// When it is another account's.
    pub(crate) fn claim(&self, login: Uid) -> Result<(), ArchiveError> {
        match self.owner()? {
            Some(owner) if owner != login => Err(ArchiveError::Foreign { owner, login }),
            Some(_) => Ok(()),
            None => {
                let uid = to_sql(login.0);
                (self.connection).execute("INSERT INTO owner (id, uid) VALUES (1, ?)", [uid])?;
                Ok(())
            }
        }
    }

    /// Checks the whole file. This takes a while.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn check(&self) -> Result<(), ArchiveError> {
        let report: String =
            (self.connection).query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if report != "ok" {
            return Err(ArchiveError::Damaged(report));
        }
        match self.broken_messages()? {
            0 => Ok(()),
            broken => Err(ArchiveError::Damaged(format!(
                "messages that cannot be read: {broken}"
            ))),
        }
    }

    /// How many messages are not JSON. SQLite does not notice that, since nothing else depends on
    /// what they say.
    fn broken_messages(&self) -> Result<usize, ArchiveError> {
        let mut select = self.connection.prepare("SELECT json FROM raw_messages")?;
        let mut rows = select.query([])?;
        let mut broken = 0;
        while let Some(row) = rows.next()? {
            let json = row.get_ref(0)?.as_str().unwrap_or_default();
            broken += usize::from(serde_json::from_str::<&RawValue>(json).is_err());
        }
        Ok(broken)
    }

    /// Keeps other processes from filling the archive until this one is dropped. They can read it.
    ///
    /// # Errors
    /// When another process fills it.
    pub(crate) fn lock(&mut self) -> Result<(), ArchiveError> {
        if self.lock.is_some() {
            return Ok(());
        }
        self.lock_for("lock")?;
        // A process that was killed may not have come to that. The log goes when this one ends.
        self.forget_recalled_media()
    }

    /// Takes the lock in the file that ends with this word.
    pub(crate) fn lock_for(&mut self, purpose: &str) -> Result<(), ArchiveError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let path = path_beside(&self.path, purpose);
        let failed = |source| ArchiveError::File {
            path: path.clone(),
            source,
        };
        let file = create_private(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                self.lock = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(ArchiveError::Busy),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Checks what the file is. Returns its format: 0 when it is empty.
    fn format(&self) -> Result<i64, ArchiveError> {
        let not_an_archive = || ArchiveError::NotAnArchive(self.path.clone());
        let format = match pragma(&self.connection, "user_version") {
            Err(ArchiveError::Damaged(_)) => return Err(not_an_archive()),
            format => format?,
        };
        let is_empty = pragma(&self.connection, "schema_version")? == 0;
        let is_archive = pragma(&self.connection, "application_id")? == APPLICATION_ID;
        if !is_empty && !is_archive {
            return Err(not_an_archive());
        }
        if format > FORMAT {
            return Err(ArchiveError::Newer {
                found: format,
                known: FORMAT,
            });
        }
        Ok(format)
    }

    /// Checks what the file is, and brings it to the newest format.
    fn prepare(&mut self) -> Result<(), ArchiveError> {
        let format = self.format()?;
        self.connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 8000;",
        )?;
        if format < FORMAT {
            self.migrate()?;
        }
        Ok(())
    }

    /// Brings the archive to the newest format, all of it or nothing.
    fn migrate(&mut self) -> Result<(), ArchiveError> {
        let transaction = (self.connection)
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have done it meanwhile.
        let done = usize::try_from(pragma(&transaction, "user_version")?).unwrap_or_default();
        for migration in MIGRATIONS.iter().skip(done) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        Ok(transaction.commit()?)
    }
}

/// Which file something is: its device and its number there.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    let there = path.metadata().ok()?;
    Some((there.dev(), there.ino()))
}

/// Windows does not let an open file be deleted or moved.
#[cfg(not(unix))]
fn file_id(_: &Path) -> Option<FileId> {
    None
}

/// The file beside an archive whose name ends with this word.
fn path_beside(archive: &Path, word: &str) -> PathBuf {
    let mut path = OsString::from(archive);
    path.push("-");
    path.push(word);
    path.into()
}

/// Whether no file can be made beside this one, as on read-only media.
fn is_write_protected(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let made = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")));
    let kinds = [
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
    ];
    made.is_err_and(|error| kinds.contains(&error.kind()))
}

/// The address by which SQLite reads a file that nobody changes, without files beside it.
fn immutable_uri(path: &Path) -> Result<String, ArchiveError> {
    let failed = |source| ArchiveError::File {
        path: path.to_owned(),
        source,
    };
    let absolute = std::path::absolute(path).map_err(failed)?;
    let mut text = absolute.to_string_lossy().into_owned();
    if cfg!(windows) {
        text = format!("///{}", text.replace('\\', "/"));
    }
    Ok(format!("file:{}?immutable=1", encoded(&text)))
}

/// Opens a file, and creates it if there is none: then only its owner can read it.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, ArchiveError> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FRIEND, OWN, Shelf, text};

    #[test]
    fn an_archive_that_nobody_can_change_is_read_without_its_folder() {
        let Shelf { archive, folder } = {
            let shelf = Shelf::with_people();
            shelf.receive(FRIEND, &text(1, OWN, "hi"));
            shelf
        };
        let path = folder.path().join("50% ü?#.db");
        // The log is still there.
        fs::copy(archive.path(), folder.path().join("open.db")).unwrap();
        fs::write(folder.path().join("open.db-wal"), "").unwrap();
        let refused = Archive::open_read_only(folder.path().join("open.db"));
        assert!(matches!(refused, Err(ArchiveError::ReadOnly(_))));

        let from = archive.path().to_owned();
        drop(archive);
        fs::rename(from, &path).unwrap();
        let archive = Archive::open_read_only(path.clone()).unwrap();
        assert_eq!(archive.sessions().unwrap().len(), 3);
        archive.check().unwrap();
        assert!(archive.claim(crate::proto::Uid(7)).is_err());
        assert!(!path_beside(&path, "shm").exists());
    }

    #[test]
    fn a_file_that_was_moved_away_is_noticed() {
        let shelf = Shelf::empty();
        assert!(shelf.archive.is_in_place());
        let path = shelf.archive.path();
        fs::rename(path, shelf.folder.path().join("other.db")).unwrap();
        assert_eq!(shelf.archive.is_in_place(), cfg!(not(unix)));
        fs::write(path, "another").unwrap();
        assert_eq!(shelf.archive.is_in_place(), cfg!(not(unix)));
    }
}

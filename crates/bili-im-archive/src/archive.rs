//! The file: created, opened, checked.

use std::{
    ffi::OsString,
    fmt,
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bili_im_proto::Uid;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use serde_json::value::RawValue;

use crate::{
    error::ArchiveError,
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
    /// Held while this process fills the archive.
    lock: Option<File>,
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

    /// Opens an archive that exists.
    ///
    /// # Errors
    /// As [`create`](Self::create). Also when there is no such file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ArchiveError> {
        let path = path.into();
        if path.metadata().map_or(0, |file| file.len()) == 0 {
            return Err(ArchiveError::Missing(path));
        }
        Self::open_file(path)
    }

    fn open_file(path: PathBuf) -> Result<Self, ArchiveError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        let mut archive = Self {
            connection,
            path,
            keep_recalled: false,
            lock: None,
        };
        archive.connection.busy_timeout(PATIENCE)?;
        // Otherwise SQLite plans some statements anew each time they run.
        let plans_stay = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        archive.connection.set_db_config(plans_stay, true)?;
        archive.prepare()?;
        Ok(archive)
    }

    /// Whether to keep what recalled messages said, as far as it was read. By default it is erased.
    #[must_use]
    pub fn keep_recalled(self, keep_recalled: bool) -> Self {
        Self {
            keep_recalled,
            ..self
        }
    }

    /// Where the archive is.
    pub fn path(&self) -> &Path {
        &self.path
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
        let mut path = OsString::from(&self.path);
        path.push("-");
        path.push(purpose);
        let path = PathBuf::from(path);
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

    /// Checks what the file is, and brings it to the newest format.
    fn prepare(&mut self) -> Result<(), ArchiveError> {
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

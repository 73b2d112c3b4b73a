//! How far a watch got, on disk: the cursor on the first line, and what was handled since on one line
//! each.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use bili_im_proto::{Cursor, Position, SendTicket};
use serde::{Deserialize, Serialize};

use crate::{failure::Failure, state::private};

/// More than any cursor file of ours.
const MOST: u64 = 64 << 20;

/// How long to wait for another watch to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often to look whether it has.
const PAUSE: Duration = Duration::from_millis(10);

/// After how many events the file is written anew.
const APPENDED: usize = 1000;

/// A cursor's file that no other watch uses.
pub(crate) struct Place {
    path: PathBuf,
    /// Held as long as this lives.
    _lock: File,
}

/// How far a watch got.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Progress {
    pub(crate) cursor: Cursor,
    /// An answer that may or may not have been sent.
    pub(crate) reply: Option<Reply>,
}

/// An answer to an event that is not handled before it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) event: String,
    pub(crate) ticket: SendTicket,
    pub(crate) position: Position,
}

/// A line behind the cursor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    /// An event is handled.
    Position(Position),
    /// An answer is about to be sent.
    Reply(Box<Reply>),
}

/// The cursor of a watch that is at work.
pub(crate) struct CursorFile {
    place: Place,
    progress: Progress,
    file: File,
    appended: usize,
}

impl Place {
    /// Takes a file, which need not exist, unless another watch has it.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        // One file under two names is one file.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let lock = private().open(beside(&path, ".lock")).map_err(|error| {
            Failure::wrong_use(
                format!("the cursor cannot be kept in {}: {error}", path.display()),
                "name a file in a folder that exists and can be written",
            )
        })?;
        match lock_soon(&lock) {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Failure::wrong_use(
                format!("another watch uses the cursor {}", path.display()),
                "end it first, or give each its own",
            )),
            Err(TryLockError::Error(error)) => Err(Failure::other(format!(
                "the cursor {} cannot be locked: {error}",
                path.display()
            ))),
        }
    }

    /// What an earlier watch stored there; `None` when there was none.
    pub(crate) fn read(&self) -> Result<Option<Progress>, Failure> {
        Progress::read(&self.path)
    }

    /// Goes on from there.
    pub(crate) fn begin(self, progress: Progress) -> Result<CursorFile, Failure> {
        let file = self.write(&progress).map_err(|error| self.full(&error))?;
        Ok(CursorFile {
            place: self,
            progress,
            file,
            appended: 0,
        })
    }

    /// Writes the whole file anew. Whatever happens meanwhile, there is the old or the new one.
    fn write(&self, progress: &Progress) -> io::Result<File> {
        let mut text = line(&progress.cursor)?;
        if let Some(reply) = &progress.reply {
            text.extend(line(&Record::Reply(Box::new(reply.clone())))?);
        }
        let temporary = beside(&self.path, ".new");
        let mut file = private().open(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        sync_folder(&self.path)?;
        Ok(file)
    }

    fn full(&self, error: &io::Error) -> Failure {
        let path = self.path.display();
        Failure::other(format!("the cursor cannot be stored in {path}: {error}"))
            .advise("make room there and start again: what was not stored comes again")
    }
}

impl CursorFile {
    /// An event is handled, for good.
    pub(crate) fn handled(&mut self, position: &Position) -> Result<(), Failure> {
        self.progress.cursor.advance(position);
        self.progress.reply = None;
        self.append(&Record::Position(*position))
    }

    /// An answer is about to be sent: whoever goes on from here must find out whether it was.
    pub(crate) fn replying(&mut self, reply: Reply) -> Result<(), Failure> {
        self.progress.reply = Some(reply.clone());
        self.append(&Record::Reply(Box::new(reply)))
    }

    fn append(&mut self, record: &Record) -> Result<(), Failure> {
        self.store(record).map_err(|error| self.place.full(&error))
    }

    fn store(&mut self, record: &Record) -> io::Result<()> {
        if self.appended >= APPENDED {
            self.file = self.place.write(&self.progress)?;
            self.appended = 0;
            return Ok(());
        }
        self.file.write_all(&line(record)?)?;
        self.file.sync_data()?;
        self.appended += 1;
        Ok(())
    }
}

impl Progress {
    /// What a watch stored in a file; `None` when there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
        let progress = match read {
            Ok(read) if read as u64 >= MOST => Err("it is too long".to_owned()),
            Ok(_) => Self::parse(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => Err(error.to_string()),
        };
        progress.map(Some).map_err(|reason| {
            Failure::wrong_use(
                format!("the cursor in {} cannot be used: {reason}", path.display()),
                "bring it back from a copy; or begin from now with --since now, which passes over what \
                 came meanwhile",
            )
        })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').enumerate();
        let damaged = |number: usize, error| format!("line {}: {error}", number + 1);
        let cursor = match lines.next() {
            Some((number, line)) if line.ends_with(b"\n") => {
                serde_json::from_slice(line).map_err(|error| damaged(number, error))?
            }
            Some(_) => return Err("its first line is not whole".to_owned()),
            None => return Err("it is empty".to_owned()),
        };
        let mut progress = Self {
            cursor,
            reply: None,
        };
        // A last line without an end was being written when something broke off: it never counted.
        for (number, line) in lines.filter(|(_, line)| line.ends_with(b"\n")) {
            match serde_json::from_slice(line).map_err(|error| damaged(number, error))? {
                Record::Position(position) => {
                    progress.cursor.advance(&position);
                    progress.reply = None;
                }
                Record::Reply(reply) => progress.reply = Some(*reply),
            }
        }
        Ok(progress)
    }
}

impl From<Cursor> for Progress {
    fn from(cursor: Cursor) -> Self {
        Self {
            cursor,
            reply: None,
        }
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Locks a file. A watch that was killed just now may have left a child that has not become another
/// program yet, and holds the lock until then.
fn lock_soon(file: &File) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => thread::sleep(PAUSE),
            locked => return locked,
        }
    }
}

/// A file with the same name and more.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Makes a new name last.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Here a folder cannot be opened, and renaming does without.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

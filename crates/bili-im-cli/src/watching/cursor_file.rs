//! The cursor file of a watch: the cursor on the first line, and one line for each event since.

use std::{
    fmt::{self, Display},
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use bili_im_proto::{Cursor, Position, SendTicket, Uid};
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    lock::{Lock, Patience},
    private_file::{self, Unusable, folder_of},
};

/// The most bytes of a file: more than any cursor file has.
const MOST: u64 = 64 << 20;

/// How long to wait for another watch that uses the file.
///
/// A watch that was killed can leave a child that holds the lock for a moment: between fork and
/// exec.
const PATIENCE: Patience = Patience {
    silent: Duration::from_secs(1),
    most: Some(Duration::from_secs(1)),
};

/// The file is rewritten after this many appended lines.
const APPENDED: usize = 1000;

/// A cursor file that is locked against other watches.
pub(crate) struct Place {
    path: PathBuf,
    _lock: Lock,
}

/// The content of a cursor file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Progress {
    pub(crate) cursor: Cursor,
    /// An answer that was begun and not finished.
    pub(crate) reply: Option<Reply>,
}

/// An answer to an event, stored before it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) event: String,
    pub(crate) ticket: SendTicket,
    pub(crate) position: Position,
}

/// A line after the cursor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    /// An event is handled.
    Position(Position),
    /// An answer is about to be sent.
    Reply(Box<Reply>),
}

/// The part of a cursor that is the same in every version.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

/// Why the content of a file is refused.
#[derive(Debug)]
enum Damage {
    NoCursor,
    /// The number of a damaged line.
    Line(usize),
    /// Another version of the format.
    Version(u32),
}

/// The cursor file of a running watch.
pub(crate) struct CursorFile {
    place: Place,
    progress: Progress,
    file: File,
    appended: usize,
}

impl Place {
    /// Locks a file, which need not exist. Fails when another watch uses it.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        let path = resolve(path).map_err(|error| cannot_keep(path, &error))?;
        let lock = private_file::check(&path).and_then(|_| Lock::of(&path));
        let lock = lock.map_err(|error| cannot_keep(&path, &error))?;
        match lock.take(PATIENCE, || {}) {
            Ok(true) => Ok(Self { path, _lock: lock }),
            Ok(false) => Err(Failure::wrong_use(
                format_text!(
                    "another watch uses the cursor {}",
                    "另一个 watch 正在使用游标 {}",
                    path.display()
                ),
                text!(
                    "end it first, or give each its own",
                    "先结束它，或各用各的文件"
                ),
            )),
            Err(error) => Err(Failure::other(format_text!(
                "the cursor {} cannot be locked: {error}",
                "游标 {} 无法加锁：{error}",
                path.display()
            ))),
        }
    }

    /// Reads what an earlier watch stored; `None` when there is no file.
    pub(crate) fn read(&self) -> Result<Option<Progress>, Failure> {
        Progress::read(&self.path)
    }

    /// Writes the file with the progress to begin from.
    pub(crate) fn begin(self, progress: Progress) -> Result<CursorFile, Failure> {
        let file = self
            .write(&progress)
            .map_err(|error| self.cannot_store(&error))?;
        Ok(CursorFile {
            place: self,
            progress,
            file,
            appended: 0,
        })
    }

    /// Replaces the whole file. A crash leaves the old or the new one.
    fn write(&self, progress: &Progress) -> Result<File, Unusable> {
        let mut text = line(&progress.cursor)?;
        if let Some(reply) = &progress.reply {
            text.extend(line(&Record::Reply(Box::new(reply.clone())))?);
        }
        private_file::write(&self.path, &text)
    }

    fn cannot_store(&self, error: &Unusable) -> Failure {
        let path = self.path.display();
        Failure::other(format_text!(
            "the cursor cannot be stored in {path}: {error}",
            "游标无法存到 {path}：{error}"
        ))
        .advise(text!(
            "make room there and start again: what was not stored comes again",
            "腾出空间后重新启动，没存下的会再来一次"
        ))
    }
}

impl CursorFile {
    /// Stores that an event is handled.
    pub(crate) fn handled(&mut self, position: &Position) -> Result<(), Failure> {
        self.progress.cursor.advance(position);
        self.progress.reply = None;
        self.append(&Record::Position(*position))
    }

    /// Stores an answer that is about to be sent. A later watch finds out whether it was sent.
    pub(crate) fn replying(&mut self, reply: Reply) -> Result<(), Failure> {
        self.progress.reply = Some(reply.clone());
        self.append(&Record::Reply(Box::new(reply)))
    }

    fn append(&mut self, record: &Record) -> Result<(), Failure> {
        self.store(record)
            .map_err(|error| self.place.cannot_store(&error))
    }

    fn store(&mut self, record: &Record) -> Result<(), Unusable> {
        if !private_file::is_at(&self.file, &self.place.path)? {
            return Err(io::Error::other(text!(
                "somebody deleted or replaced it",
                "它被删除或替换了"
            ))
            .into());
        }
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
    /// Reads a cursor file; `None` when there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let cannot_be_used = |reason: &dyn Display, advice: &str| {
            Failure::wrong_use(
                format_text!(
                    "the cursor in {} cannot be used: {reason}",
                    "{} 里的游标不能用：{reason}",
                    path.display()
                ),
                advice.to_owned(),
            )
        };
        let bytes = private_file::read(path, MOST)
            .map_err(|error| cannot_be_used(&error, error.advice()))?;
        let progress = bytes.map(|bytes| Self::parse(&bytes)).transpose();
        progress.map_err(|damage| cannot_be_used(&damage, damage.advice()))
    }

    /// Refuses the cursor of another account. A login without a uid is not checked.
    pub(crate) fn check_owner(&self, own: Option<Uid>, path: Option<&Path>) -> Result<(), Failure> {
        let owner = self.cursor.uid();
        match own {
            Some(own) if own != owner => Err(Failure::foreign_cursor(owner, path)),
            _ => Ok(()),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').enumerate();
        let (_, first) = lines.next().ok_or(Damage::NoCursor)?;
        let Header { version } = serde_json::from_slice(first).map_err(|_| Damage::NoCursor)?;
        if version != Cursor::VERSION {
            return Err(Damage::Version(version));
        }
        let cursor = serde_json::from_slice(first).map_err(|_| Damage::Line(1))?;
        if !first.ends_with(b"\n") {
            return Err(Damage::Line(1));
        }
        let mut progress = Self {
            cursor,
            reply: None,
        };
        // A last line without a line end was cut off while it was written, and does not count.
        for (number, line) in lines.filter(|(_, line)| line.ends_with(b"\n")) {
            match serde_json::from_slice(line).map_err(|_| Damage::Line(number + 1))? {
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

impl Damage {
    /// What the user can do about it.
    fn advice(&self) -> &'static str {
        match self {
            Self::NoCursor => {
                text!(
                    "name another file; or, if this was a cursor, bring it back from a copy, or move it \
                 away and begin with --since now, which passes over what came meanwhile",
                    "换一个文件；如果它原本是游标，请从备份恢复，或移走它并用 --since now 重新开始（会跳过这期间的消息）"
                )
            }
            Self::Line(_) => {
                text!(
                    "bring it back from a copy; or move it away and begin with --since now, which passes \
                 over what came meanwhile",
                    "请从备份恢复；或移走它并用 --since now 重新开始（会跳过这期间的消息）"
                )
            }
            Self::Version(_) => {
                text!(
                    "use the bili-im that wrote it; or move it away and begin with --since now, which \
                 passes over what came meanwhile",
                    "用写下它的那个版本的 bili-im；或移走它并用 --since now 重新开始（会跳过这期间的消息）"
                )
            }
        }
    }
}

impl Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCursor => f.write_str(text!(
                "its first line is no cursor of bili-im",
                "第一行不是 bili-im 的游标"
            )),
            Self::Line(number) => {
                write_text!(f, "its line {number} is damaged", "第 {number} 行损坏")
            }
            Self::Version(version) => write_text!(
                f,
                "another version of bili-im wrote it (format {version}, here it is {})",
                "它由另一个版本的 bili-im 写成（格式 {version}，这里是 {}）",
                Cursor::VERSION
            ),
        }
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

/// Resolves links in the path of the folder, so that each file has one lock.
fn resolve(path: &Path) -> Result<PathBuf, Unusable> {
    let name = path.file_name().ok_or(Unusable::Folder)?;
    Ok(folder_of(path).canonicalize()?.join(name))
}

fn cannot_keep(path: &Path, error: &Unusable) -> Failure {
    Failure::wrong_use(
        format_text!(
            "the cursor cannot be kept in {}: {error}",
            "游标不能放在 {}：{error}",
            path.display()
        ),
        match error {
            Unusable::Link => text!(
                "name the file that the link points to",
                "请直接给出链接指向的文件"
            ),
            _ => error.advice(),
        },
    )
}

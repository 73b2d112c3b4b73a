//! File locks between processes of this program.

use std::{
    cell::RefCell,
    ffi::OsString,
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use crate::private_file::{self, Unusable, folder_of};

/// The lock of a file. Dropping it unlocks.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Shared with the thread that waits for the lock.
    file: RefCell<Arc<File>>,
    path: PathBuf,
}

/// How long to wait for another process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// How long to wait before the user is told.
    pub(crate) silent: Duration,
    /// How long to wait in all; `None` waits without end.
    pub(crate) most: Option<Duration>,
}

impl Lock {
    /// Opens the lock of a file: `.NAME.bili-im-lock` in the same folder.
    pub(crate) fn of(path: &Path) -> Result<Self, Unusable> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".bili-im-lock");
        let path = folder_of(path).join(name);
        let file = Arc::new(private_file::open_to_lock(&path)?);
        let file = RefCell::new(file);
        Ok(Self { file, path })
    }

    /// The path of the lock file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Locks, and waits for other processes that hold the lock. Returns whether that worked in
    /// time. Calls `tell` once when the silent part of the wait is over.
    pub(crate) fn take(&self, patience: Patience, tell: impl Fn()) -> Result<bool, Unusable> {
        while self.take_file(patience, &tell)? {
            if private_file::is_at(&self.file.borrow(), &self.path)? {
                return Ok(true);
            }
            // Somebody deleted it: other processes lock a new one.
            let file = Arc::new(private_file::open_to_lock(&self.path)?);
            self.file.replace(file);
        }
        Ok(false)
    }

    fn take_file(&self, patience: Patience, tell: impl Fn()) -> io::Result<bool> {
        match self.file.borrow().try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let taken = self.wait()?;
        let Patience { silent, most } = patience;
        if receive(&taken, Some(most.map_or(silent, |most| most.min(silent))))? {
            return Ok(true);
        }
        let left = most.map(|most| most.saturating_sub(silent));
        if left == Some(Duration::ZERO) {
            return Ok(false);
        }
        tell();
        receive(&taken, left)
    }

    pub(crate) fn unlock(&self) -> io::Result<()> {
        self.file.borrow().unlock()
    }

    /// Waits in a thread, because the system's call has no time limit.
    fn wait(&self) -> io::Result<Receiver<io::Result<()>>> {
        let (sender, taken) = mpsc::channel();
        let file = Arc::clone(&self.file.borrow());
        thread::Builder::new().spawn(move || {
            let locked = loop {
                match file.lock() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    locked => break locked,
                }
            };
            // An error means that the wait was given up, and the process is about to end.
            let _given_up = sender.send(locked);
        })?;
        Ok(taken)
    }
}

/// Returns whether the lock was taken in time.
fn receive(taken: &Receiver<io::Result<()>>, time: Option<Duration>) -> io::Result<bool> {
    let received = match time {
        Some(time) => taken.recv_timeout(time),
        None => taken.recv().map_err(RecvTimeoutError::from),
    };
    match received {
        Ok(locked) => locked.map(|()| true),
        Err(RecvTimeoutError::Timeout) => Ok(false),
        Err(RecvTimeoutError::Disconnected) => {
            Err(io::Error::other(text!("the wait broke off", "等待中断了")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tempfile::TempDir;

    use super::*;

    const PATIENCE: Patience = Patience {
        silent: Duration::from_millis(50),
        most: Some(Duration::from_millis(100)),
    };

    /// Takes a lock. Returns whether it was taken, and how often the user was told of the wait.
    fn take(lock: &Lock, patience: Patience) -> (bool, u32) {
        let told = Cell::new(0);
        let taken = lock.take(patience, || told.set(told.get() + 1)).unwrap();
        (taken, told.get())
    }

    /// A folder, and two locks of one file in it.
    fn two_locks() -> (TempDir, [Lock; 2]) {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("file");
        let locks = [(); 2].map(|()| Lock::of(&file).unwrap());
        (dir, locks)
    }

    #[test]
    fn a_free_lock_is_taken_without_a_word() {
        let (dir, [lock, _]) = two_locks();
        assert_eq!(lock.path(), dir.path().join(".file.bili-im-lock"));
        assert_eq!(take(&lock, PATIENCE), (true, 0));
    }

    #[test]
    fn a_lock_whose_file_was_deleted_is_taken_anew() {
        let (dir, [one, _]) = two_locks();
        std::fs::remove_file(one.path()).unwrap();
        let other = Lock::of(&dir.path().join("file")).unwrap();
        assert_eq!(take(&other, PATIENCE), (true, 0));
        assert_eq!(take(&one, PATIENCE), (false, 1));
    }

    #[test]
    fn a_lock_that_stays_taken_is_told_of_once_and_given_up() {
        let (_dir, [one, other]) = two_locks();
        assert_eq!(take(&one, PATIENCE), (true, 0));
        assert_eq!(take(&other, PATIENCE), (false, 1));
        let most = Some(PATIENCE.silent);
        assert_eq!(take(&other, Patience { most, ..PATIENCE }), (false, 0));
    }

    #[test]
    fn a_lock_is_waited_for_as_long_as_it_takes() {
        let (_dir, [one, other]) = two_locks();
        assert_eq!(take(&one, PATIENCE), (true, 0));
        let released = thread::spawn(move || {
            thread::sleep(PATIENCE.silent * 6);
            one.unlock().unwrap();
        });
        let most = None;
        assert_eq!(take(&other, Patience { most, ..PATIENCE }), (true, 1));
        released.join().unwrap();
    }
}

//! Links, folders and other users' files at the paths of stored files: none of them is changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::{self, Metadata},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    support::{CREATOR, Ran, Stage, checked, feed, until},
    watching::OFTEN,
};

/// A time limit that no command reaches on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The uid of another user.
const SOMEBODY: u32 = 12345;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    Cursor,
    State,
    DeviceId,
    Profile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Laid {
    Link,
    DanglingLink,
    HardLink,
    Fifo,
    Folder,
    AnotherOwner,
    OtherMode,
}

/// The parts of a directory entry that must not change.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    inode: u64,
    mode: u32,
    owner: u32,
    content: Option<Vec<u8>>,
    leads_to: Option<PathBuf>,
}

const ALL_STORED: [Stored; 4] = [
    Stored::Cursor,
    Stored::State,
    Stored::DeviceId,
    Stored::Profile,
];

const ALL_LAID: [Laid; 7] = [
    Laid::Link,
    Laid::DanglingLink,
    Laid::HardLink,
    Laid::Fifo,
    Laid::Folder,
    Laid::AnotherOwner,
    Laid::OtherMode,
];

impl Stored {
    fn path(self, stage: &Stage) -> PathBuf {
        match self {
            Self::Cursor => stage.state_dir().join("work").join("Cargo"),
            Self::State => stage.state_file(CREATOR),
            Self::DeviceId => stage.state_dir().join("device_id"),
            Self::Profile => stage.profile_file("default"),
        }
    }

    /// Runs the command that stores this file.
    fn run(self, stage: &Stage) -> Ran {
        match self {
            Self::Cursor => watch(stage),
            Self::State | Self::DeviceId => ended(&mut stage.command(&["unread", "--json"])),
            Self::Profile => {
                let mut command = stage.command(&["login", "--cookie-stdin", "--json"]);
                let cookie = stage.cookie(CREATOR);
                feed(command.env_remove("BILI_IM_COOKIE"), cookie.as_bytes())
            }
        }
    }

    /// Whether something else at the path is an error. For the other files it is a warning.
    fn is_an_error(self) -> bool {
        matches!(self, Self::Cursor | Self::Profile)
    }
}

impl Laid {
    fn lay(self, at: &Path, victim: &Path) {
        match self {
            Self::Link => symlink(victim, at).unwrap(),
            Self::DanglingLink => symlink(dangling(victim), at).unwrap(),
            Self::HardLink => fs::hard_link(victim, at).unwrap(),
            Self::Fifo => assert!(Command::new("mkfifo").arg(at).status().unwrap().success()),
            Self::Folder => fs::create_dir(at).unwrap(),
            Self::AnotherOwner => {
                fs::copy(victim, at).unwrap();
                set_mode(at, 0o666);
                chown(at, Some(SOMEBODY), None).unwrap();
            }
            Self::OtherMode => {
                fs::copy(victim, at).unwrap();
                set_mode(at, 0o666);
            }
        }
    }

    /// Whether the entry is a plain file of this user.
    fn is_ours(self) -> bool {
        matches!(self, Self::HardLink | Self::OtherMode)
    }
}

fn dangling(victim: &Path) -> PathBuf {
    victim.with_extension("dangling")
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o777
}

fn see(path: &Path) -> Seen {
    let metadata = fs::symlink_metadata(path).unwrap();
    Seen {
        inode: metadata.ino(),
        mode: mode(&metadata),
        owner: metadata.uid(),
        content: metadata.is_file().then(|| fs::read(path).unwrap()),
        leads_to: fs::read_link(path).ok(),
    }
}

/// All entries of a folder, by name.
fn see_all(folder: &Path) -> BTreeMap<OsString, Seen> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name(), see(&entry.path())))
        .collect()
}

/// Waits for a command, and fails when it hangs.
fn ended(command: &mut Command) -> Ran {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it hangs: {command:?}");
        }
        thread::sleep(Duration::from_millis(1));
    }
    checked(child.wait_with_output().unwrap())
}

/// Starts a watch, and ends it once it has begun.
fn watch(stage: &Stage) -> Ran {
    let cursor = Stored::Cursor.path(stage);
    let args = [
        &OFTEN[..],
        &["--json", "--cursor", cursor.to_str().unwrap()],
    ]
    .concat();
    let mut command = stage.command(&args);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let before = stage.asked("new_sessions");
    let mut child = piped.spawn().unwrap();
    let start = Instant::now();
    until(|| {
        assert!(start.elapsed() < PATIENCE, "it hangs");
        child.try_wait().unwrap().is_some() || stage.asked("new_sessions") > before + 1
    });
    if child.try_wait().unwrap().is_none() {
        let kill = format!("kill -TERM {}", child.id());
        assert!(
            Command::new("/bin/sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }
    checked(child.wait_with_output().unwrap())
}

/// Names of temporary files that a program could use beside a file.
fn tempting_names(path: &Path) -> BTreeSet<PathBuf> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let names = ["lock", "new", "aside"]
        .into_iter()
        .flat_map(|ending| [format!("{name}.{ending}"), format!("{stem}.{ending}")]);
    names.map(|name| path.with_file_name(name)).collect()
}

/// The path of a file's lock.
fn lock_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap().to_str().unwrap();
    path.with_file_name(format!(".{name}.bili-im-lock"))
}

/// Every pair of an entry and a stored file's path that this user can make.
fn cases() -> impl Iterator<Item = (Stored, Laid)> {
    let can_give_away = can_give_away();
    ALL_STORED
        .into_iter()
        .flat_map(|stored| ALL_LAID.map(|laid| (stored, laid)))
        .filter(move |(stored, laid)| {
            let is_possible = *laid != Laid::AnotherOwner || can_give_away;
            if !is_possible {
                println!("left out, this user cannot give files away: {stored:?}, {laid:?}");
            }
            is_possible
        })
}

/// A stage with a copy of a stored file, the victim. The stored file itself is removed.
fn prepared(stored: Stored) -> (Stage, PathBuf) {
    let stage = Stage::demo();
    let path = stored.path(&stage);
    fs::create_dir_all(Stored::Cursor.path(&stage).parent().unwrap()).unwrap();
    let ran = stored.run(&stage);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    let victim = stage.state_dir().join("victim");
    fs::copy(&path, &victim).unwrap();
    fs::remove_file(&path).unwrap();
    // A profile has no lock.
    let _ = fs::remove_file(lock_of(&path));
    (stage, victim)
}

/// Whether this user can give files to another user.
fn can_give_away() -> bool {
    let dir = tempfile::TempDir::new().unwrap();
    chown(dir.path(), Some(SOMEBODY), None).is_ok()
}

/// Checks that only the owner can read this user's files, and that all other entries are unchanged.
fn check(
    at: &Path,
    before: &BTreeMap<OsString, Seen>,
    victim: &Seen,
    stage: &Stage,
    case: (Stored, Laid),
) {
    let folder = at.parent().unwrap();
    let after = see_all(folder);
    for (name, seen) in before {
        assert_eq!(
            after.get(name),
            Some(seen),
            "{case:?}: {name:?} has changed"
        );
    }
    for (name, seen) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let expected = if folder.join(name).is_dir() {
            0o700
        } else {
            0o600
        };
        assert_eq!(seen.mode, expected, "{case:?}: {name:?}");
        assert!(
            !name.to_str().unwrap().ends_with(".new"),
            "{case:?}: {name:?} is left over"
        );
    }
    let path = stage.state_dir().join("victim");
    assert_eq!(&see(&path), victim, "{case:?}: the victim has changed");
    assert!(
        !dangling(&path).exists(),
        "{case:?}: something was made through a link"
    );
}

#[test]
fn whatever_lies_beside_a_stored_file_stays_as_it_is() {
    for (stored, laid) in cases() {
        let (stage, victim) = prepared(stored);
        let path = stored.path(&stage);
        for at in tempting_names(&path) {
            laid.lay(&at, &victim);
        }
        let (seen, before) = (see(&victim), see_all(path.parent().unwrap()));
        let ran = stored.run(&stage);
        let case = (stored, laid);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{case:?}: {ran:?}");
        check(&path, &before, &seen, &stage, case);
        assert_eq!(see(&path).mode, 0o600, "{case:?}");
    }
}

#[test]
fn whatever_lies_at_the_lock_stays_as_it_is() {
    for (stored, laid) in cases().filter(|(stored, _)| *stored != Stored::Profile) {
        let (stage, victim) = prepared(stored);
        let path = stored.path(&stage);
        laid.lay(&lock_of(&path), &victim);
        let (seen, before) = (see(&victim), see_all(path.parent().unwrap()));
        let ran = stored.run(&stage);
        check(&path, &before, &seen, &stage, (stored, laid));
        expect(&ran, stored, laid);
    }
}

#[test]
fn whatever_lies_at_a_stored_files_place_stays_as_it_is_unless_it_is_ours() {
    for (stored, laid) in cases() {
        let (stage, victim) = prepared(stored);
        let path = stored.path(&stage);
        laid.lay(&path, &victim);
        let (seen, mut before) = (see(&victim), see_all(path.parent().unwrap()));
        let ran = stored.run(&stage);
        // A plain file of this user is replaced. A device id is written once.
        if laid.is_ours() && stored != Stored::DeviceId {
            before.remove(path.file_name().unwrap());
        }
        check(&path, &before, &seen, &stage, (stored, laid));
        expect(&ran, stored, laid);
    }
}

/// Checks that a plain file of this user is used, and that anything else is named in the message.
fn expect(ran: &Ran, stored: Stored, laid: Laid) {
    let case = format!("{stored:?}, {laid:?}: {ran:?}");
    if laid.is_ours() {
        assert_eq!((ran.code, &*ran.err), (0, ""), "{case}");
        return;
    }
    let told: Value = serde_json::from_str(ran.err.lines().next().expect(&case)).unwrap();
    let (code, what) = if stored.is_an_error() {
        (ran.code, &told["error"])
    } else {
        (0, &told["warning"])
    };
    assert_eq!(ran.code, code, "{case}");
    assert_eq!(ran.code != 0, stored.is_an_error(), "{case}");
    let message = what["message"].as_str().expect(&case);
    let words = match laid {
        Laid::Link | Laid::DanglingLink => "it is a link to another file",
        Laid::Fifo => "it is not a plain file",
        Laid::Folder => "it is a folder",
        _ => "it belongs to another user",
    };
    assert!(message.contains(words), "{case}");
}

#[test]
fn a_cursor_named_like_another_programs_file_leaves_its_lock_alone() {
    let stage = Stage::demo();
    let cursor = Stored::Cursor.path(&stage);
    fs::create_dir(cursor.parent().unwrap()).unwrap();
    let lock = cursor.with_extension("lock");
    fs::write(&lock, "of another program").unwrap();
    assert_eq!(watch(&stage).code, 0);
    assert_eq!(fs::read_to_string(&lock).unwrap(), "of another program");
}

#[test]
fn what_is_no_cursor_is_not_written_over() {
    let stage = Stage::demo();
    let cursor = stage.state_dir().join("Cargo.toml");
    fs::write(&cursor, "[package]\n").unwrap();
    for since in [&[][..], &["--since", "now"]] {
        let args = [&["watch", "--cursor", cursor.to_str().unwrap()], since].concat();
        let ran = stage.run(&args);
        ran.failed(2, "its first line is no cursor of bili-im");
        assert!(ran.err.contains("Cargo.toml"), "{ran:?}");
        assert_eq!(fs::read_to_string(&cursor).unwrap(), "[package]\n");
    }
}

#[test]
fn a_cursor_of_another_version_is_refused_as_that() {
    let stage = Stage::demo();
    let cursor = Stored::Cursor.path(&stage);
    fs::create_dir(cursor.parent().unwrap()).unwrap();
    assert_eq!(watch(&stage).code, 0);
    let text = fs::read_to_string(&cursor).unwrap();
    let mut other: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    other["version"] = json!(99);
    fs::write(&cursor, format!("{other}\n")).unwrap();
    let ran = stage.run(&["watch", "--cursor", cursor.to_str().unwrap()]);
    ran.failed(
        2,
        "another version of bili-im wrote it (format 99, here it is 2)",
    );
}

#[test]
fn a_link_in_the_folder_part_is_the_same_cursor() {
    let stage = Stage::demo();
    let cursor = Stored::Cursor.path(&stage);
    fs::create_dir(cursor.parent().unwrap()).unwrap();
    let other_name = stage.state_dir().join("linked");
    symlink(cursor.parent().unwrap(), &other_name).unwrap();
    let own = stage.watch(&["--json", "--cursor", cursor.to_str().unwrap()]);
    let by_link = other_name.join("Cargo");
    let ran = stage.run(&["watch", "--cursor", by_link.to_str().unwrap()]);
    ran.failed(2, "another watch uses the cursor");
    drop(own);
}

//! Links, folders and other users' files at the paths of stored files: none of them is changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::{self, Metadata},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    running::Running,
    support::{CREATOR, Ran, Stage},
};

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
            Self::State | Self::DeviceId => {
                Running::start(&mut stage.command("unread --json")).end()
            }
            Self::Profile => stage.login("--json", &stage.cookie(CREATOR)),
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

/// Starts a watch, and ends it once it has begun.
fn watch(stage: &Stage) -> Ran {
    let cursor = Stored::Cursor.path(stage);
    let mut watch = stage.watch(&["--json", "--cursor", cursor.to_str().unwrap()]);
    if !watch.has_ended() {
        watch.signal("TERM");
    }
    watch.end()
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

/// Runs the command that stores a file, with entries laid at some paths. Checks that only the owner
/// can read this user's files, and that all other entries are unchanged.
fn run_beside(stored: Stored, laid: Laid, at: impl Fn(&Path) -> BTreeSet<PathBuf>) -> Ran {
    let (stage, victim) = prepared(stored);
    let path = stored.path(&stage);
    let folder = path.parent().unwrap();
    let at = at(&path);
    for at in &at {
        laid.lay(at, &victim);
    }
    let (seen, mut before) = (see(&victim), see_all(folder));
    // A plain file of this user is replaced. A device id is written once.
    if at.contains(&path) && laid.is_ours() && stored != Stored::DeviceId {
        before.remove(path.file_name().unwrap());
    }
    let ran = stored.run(&stage);
    let case = (stored, laid);
    let after = see_all(folder);
    for (name, seen) in &before {
        let now = after.get(name);
        assert_eq!(now, Some(seen), "{case:?}: {name:?} has changed");
    }
    for (name, seen) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let is_folder = folder.join(name).is_dir();
        let expected = if is_folder { 0o700 } else { 0o600 };
        assert_eq!(seen.mode, expected, "{case:?}: {name:?}");
        let is_left_over = name.to_str().unwrap().ends_with(".new");
        assert!(!is_left_over, "{case:?}: {name:?} is left over");
    }
    assert_eq!(see(&victim), seen, "{case:?}: the victim has changed");
    let is_made = dangling(&victim).exists();
    assert!(!is_made, "{case:?}: something was made through a link");
    let is_well = ran.code == 0 && ran.err.is_empty();
    assert!(!is_well || path.is_file(), "{case:?}: it is not stored");
    ran
}

#[test]
fn whatever_lies_beside_a_stored_file_stays_as_it_is() {
    for (stored, laid) in cases() {
        let ran = run_beside(stored, laid, tempting_names);
        let case = (stored, laid);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{case:?}: {ran:?}");
    }
}

#[test]
fn whatever_lies_at_the_lock_stays_as_it_is() {
    for (stored, laid) in cases().filter(|(stored, _)| *stored != Stored::Profile) {
        let ran = run_beside(stored, laid, |path| [lock_of(path)].into());
        expect(&ran, stored, laid);
    }
}

#[test]
fn whatever_lies_at_a_stored_files_place_stays_as_it_is_unless_it_is_ours() {
    for (stored, laid) in cases() {
        let ran = run_beside(stored, laid, |path| [path.to_owned()].into());
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
    assert_eq!(ran.code != 0, stored.is_an_error(), "{case}");
    let what = if stored.is_an_error() {
        &told["error"]
    } else {
        &told["warning"]
    };
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
    let words = "another version of bili-im wrote it (format 99, here it is 2)";
    ran.failed(2, words);
}

#[test]
fn a_link_in_the_folder_part_is_the_same_cursor() {
    let stage = Stage::demo();
    let cursor = Stored::Cursor.path(&stage);
    fs::create_dir(cursor.parent().unwrap()).unwrap();
    let other_name = stage.state_dir().join("linked");
    symlink(cursor.parent().unwrap(), &other_name).unwrap();
    let _own = stage.watch(&["--json", "--cursor", cursor.to_str().unwrap()]);
    let by_link = other_name.join("Cargo");
    let ran = stage.run(&["watch", "--cursor", by_link.to_str().unwrap()]);
    ran.failed(2, "another watch uses the cursor");
}

//! A machine on which the program runs, whose output and files are searched for secrets.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
};

use bili_im_sim::World;
use bili_im_tests::{
    marks::{BILI_JCT, Marks, QR_KEY, REFRESH_TOKEN, SESSDATA, SID},
    plain,
};
use serde_json::json;

use crate::{
    running::Running,
    support::{Line, Stage, until},
};

/// Environment variables that make other programs print more.
const TALKATIVE: [(&str, &str); 8] = [
    ("RUST_LOG", "trace"),
    ("RUST_LOG_STYLE", "always"),
    ("RUST_BACKTRACE", "full"),
    ("RUST_LIB_BACKTRACE", "1"),
    ("BILI_IM_LOG", "trace"),
    ("LOG_LEVEL", "trace"),
    ("DEBUG", "*"),
    ("CLICOLOR_FORCE", "1"),
];

/// An image file in the folder where the program runs: `image.png`.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x58\0\0\x01\x90\x08\x02\0\0\0\0\0\0\0";

/// The creator's cookie, with another cookie of the site.
pub(super) fn cookie() -> String {
    let sessdata = plain::encode(SESSDATA);
    format!("SESSDATA={sessdata}; bili_jct={BILI_JCT}; DedeUserID=10001; sid={SID}")
}

pub(super) fn marked_world() -> World {
    let mut world = World::demo();
    world.accounts[0].sessdata = SESSDATA.to_owned();
    world.accounts[0].bili_jct = BILI_JCT.to_owned();
    world
}

/// A source of the login.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Source {
    Environment,
    File,
    Stdin,
    Profile,
}

pub(super) const SOURCES: [Source; 4] = [
    Source::Environment,
    Source::File,
    Source::Stdin,
    Source::Profile,
];

/// A machine whose files are all searched for secrets.
pub(super) struct Machine {
    pub(super) stage: Stage,
    endpoint: String,
    /// Files that were searched, as they were then.
    searched: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
}

impl Machine {
    pub(super) fn with(stage: Stage, endpoint: String) -> Self {
        fs::write(stage.state_dir().join("image.png"), PNG).unwrap();
        Self {
            stage,
            endpoint,
            searched: Mutex::default(),
        }
    }

    pub(super) fn new() -> Self {
        let stage = Stage::of(marked_world());
        let endpoint = stage.endpoint();
        Self::with(stage, endpoint)
    }

    pub(super) fn home(&self) -> &Path {
        self.stage.state_dir()
    }

    /// The program, with a umask that lets everybody read new files.
    pub(super) fn command(&self, args: impl Line) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"umask 000; exec "$0" "$@""#])
            .arg(env!("CARGO_BIN_EXE_bili-im"))
            .args(args.words())
            .env_clear()
            .stdin(Stdio::null())
            .current_dir(self.home())
            .envs(TALKATIVE)
            .env("HOME", self.home())
            .env("TMPDIR", self.home())
            .env("BILI_IM_STATE_DIR", self.home().join("state"))
            .env("BILI_IM_CONFIG_DIR", self.home().join("config"))
            .env("BILI_IM_ENDPOINT", &self.endpoint);
        command
    }

    pub(super) fn profile(&self) -> PathBuf {
        self.home().join("config/profiles/default.json")
    }

    /// Stores the login as a profile, as a QR login does.
    fn keep(&self) {
        let stored = json!({
            "version": 1, "endpoint": self.endpoint, "account": "up", "expires": null,
            "cookie": cookie(), "refresh_token": REFRESH_TOKEN,
        });
        let profile = self.profile();
        let mut folder = fs::DirBuilder::new();
        let folder = folder.recursive(true).mode(0o700);
        folder.create(profile.parent().unwrap()).unwrap();
        fs::write(&profile, stored.to_string()).unwrap();
        allow_only_its_owner(&profile);
    }

    /// A command with the login from a source. A text on stdin is in the file `stdin`.
    pub(super) fn command_of(&self, source: Source, args: &str, behind: &[&str]) -> Command {
        let option = match source {
            Source::Environment | Source::Profile => "",
            Source::File => "--cookie-file cookie",
            Source::Stdin => "--cookie-stdin",
        };
        let line = format!("{args} {option}");
        let mut command = self.command(&[&(&line).words(), behind].concat());
        if source == Source::Environment {
            command.env("BILI_IM_COOKIE", cookie());
        }
        let (mut file, mut stdin) = (String::new(), String::new());
        match source {
            Source::Environment => {}
            Source::File => file = cookie(),
            Source::Stdin => stdin = cookie(),
            Source::Profile => self.keep(),
        }
        if let Some(endpoint) = args.strip_prefix("decode ") {
            stdin = captured(endpoint);
        }
        for (name, text) in [("cookie", file), ("stdin", stdin)] {
            let path = self.home().join(name);
            fs::write(&path, text).unwrap();
            allow_only_its_owner(&path);
        }
        command.stdin(fs::File::open(self.home().join("stdin")).unwrap());
        command
    }

    /// Runs the program with the login from a source, and searches its output and all files.
    pub(super) fn run(&self, source: Source, args: &str) {
        let place = format!("{args} ({source:?}, {})", self.endpoint);
        let ran = self.command_of(source, args, &[]).output().unwrap();
        let marks = Marks::default();
        marks.check(&format!("the stdout of {place}"), &ran.stdout);
        marks.check(&format!("the stderr of {place}"), &ran.stderr);
        let panicked = String::from_utf8_lossy(&ran.stderr).contains("panicked");
        assert!(!panicked, "{place}");
        self.check_files(&place);
    }

    /// Waits until the program has called the endpoint twice more.
    pub(super) fn wait_for(&self, running: &mut Running, name: &str) {
        let asked = self.stage.asked(name);
        until(|| running.has_ended() || self.stage.asked(name) >= asked + 2);
    }

    /// Stops the program, and searches its output and all files.
    pub(super) fn end(&self, mut running: Running, wanted: &str, place: &str) {
        running.signal("TERM");
        let ran = running.end();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains(wanted), "{ran:?}");
        Marks::default().check(place, ran.out + &ran.err);
        self.check_files(place);
    }

    /// Removes the test's own files. Checks that only profiles have secrets, and that only the owner
    /// can read any file or folder.
    pub(super) fn check_files(&self, place: &str) {
        for own in ["cookie", "stdin"] {
            let _none = fs::remove_file(self.home().join(own));
        }
        let marks = Marks::default();
        let mut searched = self.searched.lock().unwrap();
        for file in files(self.home()) {
            let name = file.strip_prefix(self.home()).unwrap().display();
            let name = name.to_string();
            if file.is_file() && !name.starts_with("config/profiles/") {
                let bytes = fs::read(&file).unwrap();
                if searched.get(&file) != Some(&bytes) {
                    marks.check(&format!("{name} after {place}"), &bytes);
                    searched.insert(file.clone(), bytes);
                }
            }
            if name != "image.png" {
                let mode = mode(&file);
                assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o} after {place}");
            }
        }
    }
}

/// An answer with a login.
fn captured(endpoint: &str) -> String {
    let sessdata = plain::encode(SESSDATA);
    let data = match endpoint {
        "poll" => json!({
            "code": 0, "refresh_token": REFRESH_TOKEN,
            "url": format!("https://x/?DedeUserID=5&SESSDATA={sessdata}&bili_jct={BILI_JCT}"),
        }),
        _ => json!({"url": format!("https://x/?qrcode_key={QR_KEY}"), "qrcode_key": QR_KEY}),
    };
    json!({"code": 0, "data": data}).to_string()
}

/// All files and folders in a folder, at any depth.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let all = paths.flat_map(|path| {
        let inside = path.is_dir().then(|| files(&path));
        [vec![path], inside.unwrap_or_default()].concat()
    });
    all.collect()
}

pub(super) fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

fn allow_only_its_owner(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

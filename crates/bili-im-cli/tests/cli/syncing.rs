//! `sync`, and `watch --archive`.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, SystemTime},
};

use bili_im_archive::{Archive, MessageRange};
use bili_im_proto::Uid;
use bili_im_sim::{
    Act, Large, Message, MsgKey, Talker, World,
    faults::{PageBody, Rule, When},
};
use serde_json::{Value, json};

use crate::support::{CREATOR, FRIEND, STRANGER, Stage, checked, status, until};

impl Stage {
    pub(crate) fn archive_file(&self) -> PathBuf {
        let folder = format!("http+127.0.0.1+{}", self.server.addr().port());
        self.data_dir().join(folder).join("default.db")
    }

    fn archive(&self) -> Archive {
        Archive::open(self.archive_file()).unwrap()
    }

    /// Lets the friend recall a message.
    pub(crate) fn recall(&self, msg_key: MsgKey) {
        let uid = bili_im_sim::Uid(10002);
        let recall = Act::Recall { uid, msg_key };
        let now = SystemTime::now().into();
        self.server
            .with(|service| service.act(recall, now))
            .unwrap();
    }

    /// Saves images. Returns how many of each kind there were.
    fn images(&self, options: &str) -> Value {
        self.json(&format!("sync --media {options}"))["images"].clone()
    }

    /// Whether the archive has this text.
    fn has_kept(&self, text: &str) -> bool {
        let archive = self.archive();
        let mut messages = archive.messages(MessageRange::of(Uid(10002))).unwrap();
        messages.any(|message| message.unwrap().json.contains(text))
    }
}

/// What became of the images of a run: as many of each as given, and none of the others.
fn counts(some: &Value) -> Value {
    let mut counts = json!({
        "saved": 0, "gone": 0, "too_large": 0, "foreign": 0, "failed": 0, "left": 0,
    });
    for (name, count) in some.as_object().unwrap() {
        counts[name] = count.clone();
    }
    counts
}

/// The texts of the archive's messages with a user, oldest first.
fn texts(archive: &Archive, uid: u64) -> Vec<String> {
    let messages = archive.messages(MessageRange::of(Uid(uid))).unwrap();
    let messages = messages.map(|one| one.unwrap().message.unwrap());
    messages
        .map(|message| message.content().summary())
        .collect()
}

#[test]
fn it_keeps_everything_and_later_what_is_new() {
    let stage = Stage::demo();
    let file = stage.archive_file();
    let said = stage.done("sync");
    let path = file.display();
    assert_eq!(said, format!("9 messages of 2 conversations\nin {path}\n"));
    stage.write(10003, "news");
    let expected = json!({
        "archive": file, "is_whole": true, "sessions": 1, "failed": 0, "messages": 1,
        "unreadable": 0, "erased": 0, "images": null,
    });
    assert_eq!(stage.json("sync"), expected);
    assert_eq!(texts(&stage.archive(), 10003), ["news"]);
    stage.archive().check().unwrap();
    assert!(stage.done("sync").starts_with("nothing new\n"));
    let said = stage.run("sync --with 99999");
    assert!(said.err.contains("no message with user 99999"), "{said:?}");
    assert_eq!(
        stage.archive().sessions().unwrap().len(),
        3,
        "nobody is kept"
    );

    let other = stage.state_dir().join("friend.db");
    stage.done(&format!(
        "sync --with {FRIEND} --archive {}",
        other.display()
    ));
    let other = Archive::open(other).unwrap();
    assert_eq!(other.sessions().unwrap().len(), 1);
}

#[test]
#[cfg(unix)]
fn only_the_owner_can_read_the_archive() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::demo();
    stage.done("sync");
    let mode = fs::metadata(stage.archive_file())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_cannot_be_used_is_refused_with_what_to_do() {
    let stage = Stage::demo();
    stage.done("sync");
    let stranger = stage.cookie(10003);
    let refused = stage.run_as(stranger, "sync");
    let said = refused.failed(2, "the archive belongs to account 10001");
    assert!(said.err.contains("an archive of its own"), "{said:?}");

    let mut archive = stage.archive();
    bili_im_proto::SyncStore::state(&mut archive).unwrap();
    stage
        .run("sync")
        .failed(1, "another process is filling the archive");
    drop(archive);

    fs::write(stage.archive_file(), "no database at all").unwrap();
    stage.run("sync").failed(1, "is not an archive");
    assert_eq!(
        fs::read_to_string(stage.archive_file()).unwrap(),
        "no database at all"
    );
    stage
        .run("sync --since yesterday")
        .failed(2, "a day is wanted");
}

#[test]
#[cfg(unix)]
fn killed_again_and_again_it_ends_with_what_the_service_has() {
    let world = World::large(Large {
        seed: 5,
        sessions: 60,
        messages: 6000,
    });
    let stage = Stage::of(world);
    for milliseconds in (0..20).map(|nth| 5 + nth * 7) {
        let mut sync = stage.command("sync").spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        sync.kill().unwrap();
        sync.wait().unwrap();
    }
    checked(stage.command("sync").output().unwrap());
    let archive = stage.archive();
    archive.check().unwrap();
    let sessions = archive.sessions().unwrap();
    let stored: u64 = sessions.iter().map(|session| session.messages).sum();
    let there: usize = stage.server.with(|service| {
        let talkers = service.talkers(CREATOR);
        talkers
            .map(|talker| service.conversation(CREATOR, talker).count())
            .sum()
    });
    assert_eq!(stored, there as u64);
}

#[test]
fn a_watch_keeps_what_it_tells_and_a_sync_the_message_as_it_was_sent() {
    let stage = Stage::demo();
    let mut watch = stage.watch("--archive --json");
    stage.tell(&mut watch, "kept");
    until(|| stage.archive_file().exists() && texts(&stage.archive(), 10002) == ["kept"]);
    drop(watch);
    stage.done("sync");
    let archive = stage.archive();
    assert_eq!(texts(&archive, 10002).last().unwrap(), "kept");
    let messages = archive.messages(MessageRange::of(Uid(10002))).unwrap();
    let last = messages.last().unwrap().unwrap();
    // A field that the watch does not know.
    assert!(last.json.contains("new_face_version"), "{}", last.json);
    assert!(!texts(&archive, STRANGER.parse().unwrap()).contains(&"kept".to_owned()));
}

/// A picture of a friend's, by its address.
fn picture(url: &str) -> Message {
    let content = json!({ "url": url, "width": 4, "height": 4 }).to_string();
    Message::new(10002, Talker::user(CREATOR), 2, content)
}

#[test]
fn images_are_saved_once_and_those_that_are_gone_are_not_asked_for_again() {
    let stage = Stage::of(World::demo());
    for url in [
        "http://i0.hdslb.com/bfs/a.png",
        "https://i1.hdslb.com/bfs/a.png",
        "https://i0.hdslb.com/bfs/gone.png",
        "https://i0.hdslb.com/bfs/html.png",
        "https://i0.hdslb.com/bfs/giant.png",
        "https://example.com/bfs/foreign.png",
    ] {
        stage.put(picture(url));
    }
    // With the picture and the emoticon of the demo.
    let all = json!({ "saved": 4, "gone": 1, "too_large": 1, "foreign": 1, "failed": 1 });
    assert_eq!(stage.images(""), counts(&all));
    let archive = stage.archive();
    let file = |url| archive.media_file(url).unwrap();
    let saved = file("http://i0.hdslb.com/bfs/a.png").unwrap();
    assert!(fs::read(&saved).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(file("https://i1.hdslb.com/bfs/a.png"), Some(saved));
    assert_eq!(file("https://i0.hdslb.com/bfs/gone.png"), None);
    drop(archive);

    // As after an import: the pictures themselves are not in the file.
    fs::remove_dir_all(stage.archive().media_folder()).unwrap();
    let again = json!({ "saved": 4, "failed": 1 });
    assert_eq!(stage.images(""), counts(&again));
    for _ in 0..4 {
        assert_eq!(stage.images(""), counts(&json!({ "failed": 1 })));
    }
    let said = stage.done("sync --media");
    let images = "\nimages: 0 saved, 1 to try next time\n";
    assert!(said.contains(images), "{said}");
}

#[test]
fn a_service_that_refuses_images_is_asked_again_the_next_time() {
    for code in [412, 429] {
        let stage = Stage::of(World::demo());
        for name in ["n0", "n1", "n2", "n3", "n4"] {
            stage.put(picture(&format!("https://i0.hdslb.com/bfs/{name}.png")));
        }
        stage.fault_once("n0.png", status(code, PageBody::Html, None));
        let ran = stage.run("sync --media --json");
        let warned = "refuses to send more images for now";
        assert!(ran.err.contains(warned), "{ran:?}");
        let images = ran.json()["images"].clone();
        let some = json!({ "saved": 3, "failed": 1, "left": 3 });
        assert_eq!(images, counts(&some), "{code}");
        assert_eq!(stage.images(""), counts(&json!({ "saved": 4 })), "{code}");
    }
}

#[test]
fn a_passing_error_gives_no_image_up() {
    let stage = Stage::of(World::demo());
    stage.put(picture("https://i0.hdslb.com/bfs/n0.png"));
    stage.done("sync");
    stage.fault(Rule::new(
        "n0.png",
        When::First(4),
        status(403, PageBody::Html, None),
    ));
    let first = stage.images("");
    assert_eq!(first, counts(&json!({ "saved": 2, "failed": 1 })));
    for _ in 0..3 {
        assert_eq!(stage.images(""), counts(&json!({ "failed": 1 })));
    }
    assert_eq!(stage.images(""), counts(&json!({ "saved": 1 })));
}

#[test]
fn a_saved_image_stays_when_what_recalled_messages_said_is_kept() {
    let stage = Stage::demo();
    let url = "https://i0.hdslb.com/bfs/regretted.png";
    stage.put(picture(url));
    let key = stage.newest().msg_key;
    stage.done("sync --media");
    stage.recall(key);
    stage.fault(Rule::new(
        "regretted.png",
        When::Always,
        status(404, PageBody::Html, None),
    ));
    assert_eq!(stage.images("--keep-recalled"), counts(&json!({})));
    let file = stage.archive().media_file(url).unwrap();
    assert!(file.is_some_and(|file| file.exists()));
}

#[test]
fn a_damaged_image_is_fetched_again() {
    let stage = Stage::demo();
    let url = "https://i0.hdslb.com/bfs/a.png";
    stage.put(picture(url));
    stage.done("sync --media");
    let file = stage.archive().media_file(url).unwrap().unwrap();
    let image = fs::read(&file).unwrap();
    for damaged in [&[][..], &image[..9]] {
        fs::write(&file, damaged).unwrap();
        assert_eq!(stage.images(""), counts(&json!({ "saved": 1 })));
        assert_eq!(fs::read(&file).unwrap(), image);
    }
}

#[test]
fn it_is_told_how_many_messages_lost_what_they_said() {
    let stage = Stage::demo();
    stage.write(10002, "a secret");
    let key = stage.newest().msg_key;
    stage.done("sync");
    stage.recall(key);
    let said = stage.done("sync");
    let told = "\n1 recalled messages lost what they said: --keep-recalled keeps it next time\n";
    assert!(said.contains(told), "{said}");
    assert!(!stage.has_kept("a secret"));
    assert_eq!(stage.json("sync")["erased"], 0);
}

#[test]
fn a_watch_keeps_what_recalled_messages_said_if_it_is_asked_to() {
    let stage = Stage::demo();
    for (options, is_kept) in [("--archive --keep-recalled", true), ("--archive", false)] {
        let said = format!("kept: {is_kept}");
        let mut watch = stage.watch(&format!("{options} --json"));
        stage.tell(&mut watch, &said);
        until(|| stage.archive_file().exists() && stage.has_kept(&said));
        stage.recall(stage.newest().msg_key);
        while watch.json()["event"] != "recalled" {}
        drop(watch);
        assert_eq!(stage.has_kept(&said), is_kept, "{options}");
    }
    stage
        .run("watch --keep-recalled")
        .failed(2, "required arguments");
}

#[test]
#[cfg(unix)]
fn an_archive_that_is_moved_away_meanwhile_is_noticed() {
    let world = World::large(Large {
        seed: 5,
        sessions: 60,
        messages: 6000,
    });
    let stage = Stage::of(world);
    let file = stage.archive_file();
    let mut sync = stage.command("sync");
    sync.stdout(std::process::Stdio::piped());
    sync.stderr(std::process::Stdio::piped());
    let sync = sync.spawn().unwrap();
    let has_begun = |archive: Archive| archive.sessions().is_ok_and(|some| !some.is_empty());
    until(|| Archive::open(&file).is_ok_and(has_begun));
    fs::rename(&file, stage.state_dir().join("moved.db")).unwrap();
    let ran = checked(sync.wait_with_output().unwrap());
    ran.failed(1, "was deleted or moved while it was filled");
}

#[test]
fn the_image_of_a_recalled_message_is_deleted_when_no_other_has_it() {
    let stage = Stage::demo();
    let url = "https://i0.hdslb.com/bfs/regretted.png";
    let shared = "https://i0.hdslb.com/bfs/shared.png";
    stage.put(picture(shared));
    stage.put(picture(shared));
    let twice = stage.newest().msg_key;
    stage.put(picture(url));
    stage.done("sync --media");
    let saved = stage.archive().media_file(url).unwrap().unwrap();
    assert!(saved.exists());
    for msg_key in [stage.newest().msg_key, twice] {
        stage.recall(msg_key);
    }
    stage.done("sync");
    assert!(!saved.exists());
    assert_eq!(stage.archive().media_file(url).unwrap(), None);
    assert!(
        stage
            .archive()
            .media_file(shared)
            .unwrap()
            .unwrap()
            .exists()
    );
}

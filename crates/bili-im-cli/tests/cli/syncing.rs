//! `sync`, and `watch --archive`.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, SystemTime},
};

use bili_im_archive::{Archive, MessageRange};
use bili_im_proto::Uid;
use bili_im_sim::{Act, Large, Message, Talker, World};
use serde_json::json;

use crate::support::{CREATOR, FRIEND, STRANGER, Stage, checked, until};

impl Stage {
    pub(crate) fn archive_file(&self) -> PathBuf {
        let folder = format!("http+127.0.0.1+{}", self.server.addr().port());
        self.data_dir().join(folder).join("default.db")
    }

    fn archive(&self) -> Archive {
        Archive::open(self.archive_file()).unwrap()
    }
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
        "unreadable": 0, "images": null,
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
    let images = stage.json("sync --media")["images"].clone();
    assert_eq!(images, json!({ "saved": 4, "gone": 2, "failed": 2 }));
    let archive = stage.archive();
    let file = |url| archive.media_file(url).unwrap();
    let saved = file("http://i0.hdslb.com/bfs/a.png").unwrap();
    assert!(fs::read(&saved).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(file("https://i1.hdslb.com/bfs/a.png"), Some(saved));
    assert_eq!(file("https://i0.hdslb.com/bfs/gone.png"), None);
    drop(archive);

    // As after an import: the pictures themselves are not in the file.
    fs::remove_dir_all(stage.archive().media_folder()).unwrap();
    let images = stage.json("sync --media")["images"].clone();
    assert_eq!(images, json!({ "saved": 4, "gone": 0, "failed": 2 }));
    for failed in [2, 0] {
        let images = stage.json("sync --media")["images"].clone();
        assert_eq!(images, json!({ "saved": 0, "gone": 0, "failed": failed }));
    }
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
        let uid = bili_im_sim::Uid(10002);
        let recall = Act::Recall { uid, msg_key };
        let now = SystemTime::now().into();
        stage
            .server
            .with(|service| service.act(recall, now))
            .unwrap();
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

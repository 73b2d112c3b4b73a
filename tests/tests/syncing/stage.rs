//! A world with conversations of many kinds, and an archive that is filled from it.

use std::collections::BTreeMap;

use bili_im_archive::{Archive, ArchiveError, MessageRange};
use bili_im_proto::{Error, Input, SyncOptions, SyncReport, SyncStep, SyncStore, Talker};
use bili_im_sim::{Account, Group, Message, SessionSettings, World};
use bili_im_tests::{Running, Stage, Turn, local_account, sim_login};
use tempfile::TempDir;

pub(crate) const OWN: u64 = 1;

/// Conversations of 450, 30 and 1 messages, one that is intercepted, and a group.
pub(crate) fn world() -> World {
    let mut world = World::from_json(r#"{"accounts":[]}"#).unwrap();
    world.accounts = (1..=5).map(Account::new).collect();
    let owner = &mut world.accounts[0];
    owner.follows.insert(bili_im_sim::Uid(2));
    let stranger = bili_im_sim::Talker::user(5);
    let mut intercepted = SessionSettings::new(stranger);
    intercepted.intercepted = true;
    owner.sessions.push(intercepted);
    let members = [OWN, 3].map(bili_im_sim::Uid);
    world
        .groups
        .push(Group::new(70, "g", bili_im_sim::Uid(3), members));
    let mut write = |count: u64, from: u64, to: bili_im_sim::Talker| {
        for nth in 0..count {
            let ago = 1_000_000 - nth * 1000;
            let message = Message::text(from, to, &format!("{from} {nth}"));
            world.messages.push(message.seconds_ago(ago));
        }
    };
    write(450, 2, bili_im_sim::Talker::user(OWN));
    write(29, OWN, bili_im_sim::Talker::user(3));
    write(1, 3, bili_im_sim::Talker::user(OWN));
    write(1, 4, bili_im_sim::Talker::user(OWN));
    write(3, 5, bili_im_sim::Talker::user(OWN));
    write(250, 3, bili_im_sim::Talker::group(70));
    world.messages.push(Message::new(
        2,
        bili_im_sim::Talker::user(OWN),
        1,
        "not even JSON",
    ));
    world
}

/// A folder with an archive.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("archive.db")
    }

    pub(crate) fn archive(&self) -> Archive {
        Archive::create(self.path()).unwrap()
    }
}

/// Fills an archive. With `until` it is killed after so many steps; `None` then.
pub(crate) fn sync_until(
    stage: &mut Stage,
    archive: &mut Archive,
    options: SyncOptions,
    until: usize,
) -> Option<Result<SyncReport, Error>> {
    fill(stage, archive, options, until, |_| None)
}

/// Fills an archive. `instead` answers the requests that it wants to, by their endpoint.
pub(crate) fn sync_with(
    stage: &mut Stage,
    archive: &mut Archive,
    instead: impl FnMut(&str) -> Option<Input>,
) {
    fill(stage, archive, SyncOptions::default(), usize::MAX, instead)
        .unwrap()
        .unwrap();
}

fn fill(
    stage: &mut Stage,
    archive: &mut Archive,
    options: SyncOptions,
    until: usize,
    mut instead: impl FnMut(&str) -> Option<Input>,
) -> Option<Result<SyncReport, Error>> {
    let account = local_account(sim_login(OWN), 1).build();
    let state = archive.state().unwrap();
    let mut running: Running<SyncReport, SyncStep> = Running::new(account.sync(state, options));
    let mut steps = 0;
    while running.turn != Turn::Over {
        match running.asks().and_then(&mut instead) {
            Some(input) => running.bring(input),
            None => stage.turn(&mut running),
        }
        for step in running.items.drain(..) {
            if steps == until {
                return None;
            }
            steps += 1;
            archive.save(step).unwrap();
        }
    }
    running.result
}

pub(crate) fn sync(stage: &mut Stage, archive: &mut Archive, options: SyncOptions) -> SyncReport {
    sync_until(stage, archive, options, usize::MAX)
        .unwrap()
        .unwrap()
}

/// What a message is compared by: its key, status and content.
pub(crate) type Compared = (u64, i64, String);

/// Every message of an archive, by talker and sequence number.
pub(crate) fn stored(archive: &Archive) -> BTreeMap<(Talker, u64), Compared> {
    let mut stored = BTreeMap::new();
    for session in archive.sessions().unwrap() {
        let messages = archive.messages(MessageRange::of(session.talker)).unwrap();
        let messages: Result<Vec<_>, ArchiveError> = messages.collect();
        for one in messages.unwrap() {
            let message = one.message.unwrap();
            let content = message.raw_content_even_if_recalled().into_owned();
            let compared = (message.msg_key.0, message.status.number(), content);
            assert!(stored.insert((one.talker, one.seqno.0), compared).is_none());
        }
    }
    stored
}

/// Every message that the account can see, as the service has it. What recalled ones said is left
/// out unless it is to be kept.
pub(crate) fn there(stage: &Stage, keep_recalled: bool) -> BTreeMap<(Talker, u64), Compared> {
    let service = &stage.service;
    let of = |talker: bili_im_sim::Talker| {
        let ours = match talker {
            bili_im_sim::Talker::User(uid) => Talker::user(uid.0),
            bili_im_sim::Talker::Group(id) => Talker::group(id.0),
        };
        service.conversation(OWN, talker).map(move |message| {
            let is_erased = message.msg_status == 1 && !keep_recalled;
            let content = if is_erased {
                String::new()
            } else {
                message.content
            };
            let compared = (message.msg_key.0, i64::from(message.msg_status), content);
            ((ours, message.msg_seqno.0), compared)
        })
    };
    service.talkers(OWN).flat_map(of).collect()
}

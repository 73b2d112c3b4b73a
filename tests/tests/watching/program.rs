//! A program that watches the simulated service, in a world of five people.

use std::time::Duration;

use bili_im_proto::{Account, Credential, Cursor, Event, EventKind, Flow, Hints, WatchOptions};
use bili_im_sim::World;
use bili_im_tests::{Answers, Running, Stage, Turn, local_account, sim_login};

pub(crate) const OWN: u64 = 1;

const PEOPLE: [u64; 4] = [2, 3, 4, 5];

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn world() -> World {
    let mut world = World::from_json(r#"{"accounts":[]}"#).unwrap();
    for uid in [OWN].into_iter().chain(PEOPLE) {
        let mut account = bili_im_sim::Account::new(uid);
        account.follows = [OWN]
            .into_iter()
            .chain(PEOPLE)
            .map(bili_im_sim::Uid)
            .collect();
        account.follows.remove(&bili_im_sim::Uid(uid));
        world.accounts.push(account);
    }
    for (uid, seconds_ago) in [(2, 500), (3, 400), (2, 300)] {
        world
            .messages
            .push(written(uid, OWN, "before").seconds_ago(seconds_ago));
    }
    world
}

pub(crate) fn world_with_a_group() -> World {
    let mut world = world();
    let members = [OWN, 3].map(bili_im_sim::Uid);
    world.groups.push(bili_im_sim::Group::new(
        70,
        "g",
        bili_im_sim::Uid(3),
        members,
    ));
    world
}

pub(crate) fn stage() -> Stage {
    Stage::new(world()).unwrap()
}

pub(crate) fn written(from: u64, to: u64, text: &str) -> bili_im_sim::Message {
    let to = bili_im_sim::Talker::user(to);
    bili_im_sim::Message::text(from, to, text)
}

pub(crate) fn login() -> Credential {
    sim_login(OWN)
}

pub(crate) fn account(entropy: u8) -> Account {
    local_account(login(), entropy).build()
}

/// A program that watches, and what it has handled and stored.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) running: Running<(), Event>,
    pub(crate) cursor: Cursor,
    /// What it handled, in order; what is told again after a crash is here twice.
    pub(crate) told: Vec<Event>,
}

impl Program {
    /// Watches from now on.
    pub(crate) fn start(stage: &mut Stage, account: &Account) -> Self {
        let cursor = stage.run(account.cursor_now()).unwrap();
        Self::resume(account, cursor)
    }

    /// Watches from now on with these options.
    pub(crate) fn with(stage: &mut Stage, account: &Account, options: WatchOptions) -> Self {
        let cursor = stage.run(account.cursor_now()).unwrap();
        Self::watch_with(account, cursor, options)
    }

    /// Goes on from a cursor.
    pub(crate) fn resume(account: &Account, cursor: Cursor) -> Self {
        let options = WatchOptions::default();
        Self::watch_with(
            account,
            cursor,
            options.with_automatic(true).with_system(true),
        )
    }

    fn watch_with(account: &Account, cursor: Cursor, options: WatchOptions) -> Self {
        let options = options.with_interval(Duration::from_secs(20));
        Self::of(account.watch(cursor.clone(), options), cursor)
    }

    /// Watches from now on, with the service's pace and what a push connection says.
    pub(crate) fn pushed(stage: &mut Stage, account: &Account, hints: Hints) -> Self {
        let cursor = stage.run(account.cursor_now()).unwrap();
        let flow = account.watch_pushed(cursor.clone(), WatchOptions::default(), hints);
        Self::of(flow, cursor)
    }

    /// A watch as it is driven.
    pub(crate) fn of(flow: Flow<Event, ()>, cursor: Cursor) -> Self {
        Self {
            running: Running::new(flow),
            cursor,
            told: Vec::new(),
        }
    }

    /// Ends a wait early, as a driver does after a hint.
    pub(crate) fn wake(&mut self) {
        if matches!(self.running.turn, Turn::Waits(_)) {
            self.running.turn = Turn::Ready;
        }
    }

    /// Starts anew from what is stored.
    pub(crate) fn crash(&mut self, account: &Account) {
        let told = std::mem::take(&mut self.told);
        *self = Self::resume(account, self.cursor.clone());
        self.told = told;
    }

    /// Makes one step. Waits no longer than `until`. Returns whether it would have to, or has
    /// ended.
    pub(crate) fn turn<S: Answers>(&mut self, stage: &mut Stage<S>, until: Duration) -> bool {
        match self.running.turn {
            Turn::Over => return true,
            Turn::Waits(moment) if moment.0 > until => return true,
            _ => stage.turn(&mut self.running),
        }
        for event in self.running.items.drain(..) {
            if let Some(position) = &event.position {
                self.cursor.advance(position);
            }
            self.told.push(event);
        }
        false
    }

    /// Goes on for some time.
    pub(crate) fn watch<S: Answers>(&mut self, stage: &mut Stage<S>, passing: Duration) {
        let until = stage.time.now.mono.0 + passing;
        while !self.turn(stage, until) {}
        let left = until.saturating_sub(stage.time.now.mono.0);
        stage.time.advance(left);
    }

    /// What was told, in a word each.
    pub(crate) fn words(&self) -> Vec<String> {
        self.told.iter().map(word).collect()
    }
}

fn word(event: &Event) -> String {
    match &event.kind {
        EventKind::Message { message, .. } => message.content().summary(),
        EventKind::Recalled { .. } => "recalled".to_owned(),
        EventKind::SessionChanged { session } => format!("changed {}", session.talker),
        EventKind::UnreadChanged { users, .. } => format!("unread {}", users.follow_unread),
        EventKind::Unreadable { .. } => "unreadable".to_owned(),
        EventKind::PushLive => "told".to_owned(),
        EventKind::PushLost { .. } => "asks".to_owned(),
        EventKind::SessionFailed { talker, .. } => format!("failed {talker}"),
        EventKind::SessionRecovered { talker } => format!("recovered {talker}"),
        other => format!("{other:?}"),
    }
}

pub(crate) fn write(stage: &mut Stage, from: u64, to: u64, text: &str) {
    stage.write(written(from, to, text));
}

/// Writes one message of every sort, each with its sort as text.
pub(crate) fn one_of_each(stage: &mut Stage) {
    let mut say = |from: u64, to: bili_im_sim::Talker, text: &str, source: u32, msg_type: u32| {
        let mut message = bili_im_sim::Message::text(from, to, text);
        message.msg_source = source;
        message.msg_type = msg_type;
        stage.write(message);
    };
    let own = bili_im_sim::Talker::user(OWN);
    let friend = bili_im_sim::Talker::user(2);
    say(2, own, "by hand", 7, 1);
    say(2, own, "by a machine", 9, 1);
    say(2, own, "by the service", 17, 1);
    say(2, own, "by who knows", 99, 1);
    say(2, own, "a change of an earlier message", 7, 51);
    say(OWN, friend, "by the phone", 2, 1);
    let group = bili_im_sim::Talker::group(70);
    say(3, group, "in a group", 1, 1);
}

//! Watching over the simulated service, in virtual time: every message once, in order, whatever
//! breaks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::{collections::BTreeMap, time::Duration};

use bili_im_proto::{
    Account, Credential, Cursor, Direction, Error, Event, EventKind, Flow, Input, Invalid,
    Outgoing, Seqno, Step, Talker, Text, Uid, UnixSeconds, WatchOptions,
};
use bili_im_sim::{
    MessageState, World,
    faults::{Kind, PageBody, Rule, VoucherPlace, When},
};
use bili_im_tests::{Stage, answers, cases};
use proptest::{collection, prelude::*, sample};

const OWN: u64 = 1;
const PEOPLE: [u64; 4] = [2, 3, 4, 5];

fn world() -> World {
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

fn written(from: u64, to: u64, text: &str) -> bili_im_sim::Message {
    let to = bili_im_sim::Talker::user(to);
    bili_im_sim::Message::text(from, to, text)
}

fn account(stage: &Stage, entropy: u8) -> Account {
    let login = Credential::new("sim-1", &format!("{OWN:032}"), Uid(OWN)).unwrap();
    stage.account(login, entropy).build()
}

/// A program that watches, and what it has handled and stored.
struct Program {
    flow: Flow<Event, ()>,
    input: Option<Input>,
    outgoing: Option<Outgoing>,
    cursor: Cursor,
    /// What it handled, in order, repeats and all.
    told: Vec<Event>,
    ended: Option<Result<(), Error>>,
}

impl Program {
    fn start(stage: &mut Stage, account: &Account) -> Self {
        let cursor = stage.run(account.cursor_now()).unwrap();
        Self::resume(account, cursor)
    }

    fn resume(account: &Account, cursor: Cursor) -> Self {
        let options = WatchOptions::default()
            .with_automatic(true)
            .with_system(true)
            .with_interval(Duration::from_secs(20));
        Self {
            flow: account.watch(cursor.clone(), options),
            input: None,
            outgoing: None,
            cursor,
            told: Vec::new(),
            ended: None,
        }
    }

    /// Starts anew from what is stored.
    fn crash(&mut self, account: &Account) {
        let told = std::mem::take(&mut self.told);
        *self = Self::resume(account, self.cursor.clone());
        self.told = told;
    }

    /// One step. Time passes only when the program waits, and not beyond `until`: whether it waits
    /// beyond is told.
    fn turn(&mut self, stage: &mut Stage, until: Duration, stores: bool) -> bool {
        if self.ended.is_some() {
            return true;
        }
        if let Some(outgoing) = self.outgoing.take() {
            let now = stage.now();
            self.input = Some(stage.exchange(now, outgoing));
        }
        let input = self.input.take().unwrap_or(Input::Woken);
        match self.flow.resume(stage.now(), input) {
            Step::Send(outgoing) => self.outgoing = Some(outgoing),
            Step::WaitUntil(moment) if moment.0 > until => return true,
            Step::WaitUntil(moment) => stage.advance(moment.since(stage.now().mono)),
            Step::Item(event) => {
                if let Some(position) = event.position.filter(|_| stores) {
                    self.cursor.advance(&position);
                }
                self.told.push(event);
            }
            Step::Done(result) => self.ended = Some(result),
        }
        false
    }

    /// Goes on for some time.
    fn watch(&mut self, stage: &mut Stage, passing: Duration) {
        let until = stage.now().mono.0 + passing;
        while !self.turn(stage, until, true) {}
        let left = until.saturating_sub(stage.now().mono.0);
        stage.advance(left);
    }

    /// The sequence numbers told in each session, repeats left out that follow a crash.
    fn seqnos(&self) -> BTreeMap<Talker, Vec<Seqno>> {
        let mut all = BTreeMap::<Talker, Vec<Seqno>>::new();
        for event in &self.told {
            let (talker, seqno) = match &event.kind {
                EventKind::Message {
                    talker, message, ..
                } => (*talker, message.seqno),
                EventKind::Recalled { talker, .. } => (*talker, seqno_of(event)),
                _ => continue,
            };
            all.entry(talker).or_default().push(seqno);
        }
        all
    }
}

/// The number at the end of the event's id.
fn seqno_of(event: &Event) -> Seqno {
    let id = event.id().unwrap().to_string();
    id.rsplit('-').next().unwrap().parse().unwrap()
}

/// What the service holds for the account, from a moment on.
fn held(stage: &Stage, from: u64) -> BTreeMap<Talker, Vec<Seqno>> {
    let mut all = BTreeMap::<Talker, Vec<Seqno>>::new();
    let messages = stage.service.snapshot(stage.sim_now()).messages;
    for message in messages
        .iter()
        .filter(|m| m.timestamp >= from && m.msg_status != 2)
    {
        let talker = Talker::user(other_side(message));
        all.entry(talker)
            .or_default()
            .push(Seqno(message.msg_seqno.0));
    }
    for seqnos in all.values_mut() {
        seqnos.sort_unstable();
    }
    all
}

fn other_side(message: &MessageState) -> u64 {
    match message.talker {
        bili_im_sim::Talker::User(uid) if message.from.0 == OWN => uid.0,
        _ => message.from.0,
    }
}

fn write(stage: &mut Stage, from: u64, to: u64, text: &str) {
    let now = stage.sim_now();
    stage.service.write(written(from, to, text), now).unwrap();
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn nothing_from_before_the_watch_is_news() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.told, []);
    // Neither when an old session wakes up.
    write(&mut stage, 3, OWN, "new");
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.told.len(), 1);
    let EventKind::Message {
        message,
        direction,
        talker,
    } = &program.told[0].kind
    else {
        panic!("{:?}", program.told)
    };
    assert_eq!(message.content().summary(), "new");
    assert_eq!(
        (*direction, *talker),
        (Direction::Incoming, Talker::user(3))
    );
}

#[test]
fn own_messages_are_told_from_those_sent_here() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    write(&mut stage, OWN, 2, "from the phone");
    let text = Text::new("from here").unwrap();
    stage.run(account.send(Uid(2), text)).unwrap();
    program.watch(&mut stage, MINUTE);
    let told = program.told.iter().map(|event| match &event.kind {
        EventKind::Message {
            message, direction, ..
        } => (message.content().summary(), *direction),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("from the phone".to_owned(), Direction::Own),
            ("from here".to_owned(), Direction::Sent)
        ]
    );
}

#[test]
fn what_came_while_away_is_told_in_order_however_much_it_is() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.now().unix.seconds().0;
    stage.advance(Duration::from_secs(3 * 24 * 60 * 60));
    for index in 0..2500 {
        write(&mut stage, 2, OWN, &format!("message {index}"));
    }
    write(&mut stage, 4, OWN, "a first word");
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.seqnos(), held(&stage, start));
    assert_eq!(program.told.len(), 2501);
}

#[test]
fn a_session_that_fails_delays_no_other_and_is_not_passed_over() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.now().unix.seconds().0;
    for uid in [2, 3, 4] {
        write(&mut stage, uid, OWN, "hello");
    }
    let broken = Rule::new("fetch_session_msgs", When::Once, Kind::BreakOff);
    stage.service.add_fault(broken).unwrap();
    let until = stage.now().mono.0 + MINUTE;
    while program.told.len() < 3 {
        assert!(!program.turn(&mut stage, until, true), "{:?}", program.told);
    }
    // That something is wrong is told, and the others.
    assert!(matches!(
        program.told[0].kind,
        EventKind::SessionFailed { .. }
    ));
    program.crash(&account);
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.seqnos(), held(&stage, start));
}

#[test]
fn a_lost_login_and_risk_control_end_the_watch() {
    for (kind, ends) in [
        (
            Kind::Code {
                code: -101,
                message: None,
            },
            true,
        ),
        (Kind::Voucher(VoucherPlace::Body), true),
        (
            Kind::Http {
                status: 502,
                body: PageBody::Html,
                retry_after: None,
            },
            false,
        ),
    ] {
        let mut stage = Stage::new(world()).unwrap();
        let account = account(&stage, 1);
        let mut program = Program::start(&mut stage, &account);
        program.watch(&mut stage, MINUTE);
        stage
            .service
            .add_fault(Rule::new("new_sessions", When::Once, kind))
            .unwrap();
        program.watch(&mut stage, MINUTE);
        assert_eq!(program.ended.is_some(), ends);
        assert_eq!(program.told.len(), usize::from(!ends));
    }
}

#[test]
fn another_accounts_cursor_is_refused() {
    let mut stage = Stage::new(world()).unwrap();
    let cursor = stage.run(account(&stage, 1).cursor_now()).unwrap();
    let login = Credential::new("sim-2", &format!("{:032}", 2), Uid(2)).unwrap();
    let other = stage.account(login, 2).build();
    let mut program = Program::resume(&other, cursor);
    program.watch(&mut stage, MINUTE);
    assert!(matches!(program.ended, Some(Err(Error::Invalid(_)))));
}

#[derive(Debug, Clone)]
enum Deed {
    /// Somebody writes to the account.
    Write(u64),
    /// The account writes from its phone.
    OwnPhone(u64),
    /// The program goes on for so many seconds.
    Watch(u64),
    /// It goes on for so many steps, stores nothing of the last, and crashes.
    Crash(usize),
    Fault(Rule),
}

fn deed() -> impl Strategy<Value = Deed> {
    let person = || sample::select(PEOPLE.to_vec());
    let kind = prop_oneof![
        Just(Kind::BreakOff),
        Just(Kind::Html),
        Just(Kind::Empty),
        Just(Kind::Code {
            code: -500,
            message: None
        }),
        Just(Kind::Http {
            status: 429,
            body: PageBody::Json,
            retry_after: Some(3)
        }),
        Just(Kind::Http {
            status: 502,
            body: PageBody::Html,
            retry_after: None
        }),
        Just(Kind::RotateKeys),
    ];
    let what = sample::select(vec!["new_sessions", "fetch_session_msgs", "nav", "any"]);
    prop_oneof![
        6 => person().prop_map(Deed::Write),
        1 => person().prop_map(Deed::OwnPhone),
        3 => (1u64..90).prop_map(Deed::Watch),
        2 => (0usize..40).prop_map(Deed::Crash),
        2 => (what, kind).prop_map(|(what, kind)| Deed::Fault(Rule::new(what, When::Once, kind))),
    ]
}

/// How a watcher can be got wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    None,
    /// The program stores a position before the event is handled.
    StoresFirst,
}

fn play(deeds: Vec<Deed>, mistake: Mistake) -> Result<(), String> {
    let mut stage = Stage::new(world()).unwrap();
    let mut entropy = 1;
    let mut account = self::account(&stage, entropy);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.now().unix.seconds().0;
    // What was handled and not stored is told again: as often as the program crashed upon it.
    let mut repeats = 0;
    for deed in deeds {
        match deed {
            Deed::Write(from) => write(&mut stage, from, OWN, "hello"),
            Deed::OwnPhone(to) => write(&mut stage, OWN, to, "hello"),
            Deed::Watch(seconds) => program.watch(&mut stage, Duration::from_secs(seconds)),
            Deed::Crash(steps) => {
                let until = stage.now().mono.0 + MINUTE;
                for _ in 0..steps {
                    program.turn(&mut stage, until, true);
                }
                let before = program.told.len();
                if mistake == Mistake::StoresFirst {
                    program.turn(&mut stage, until, true);
                    program.told.truncate(before);
                } else {
                    program.turn(&mut stage, until, false);
                    repeats += program.told.len() - before;
                }
                entropy += 1;
                account = self::account(&stage, entropy);
                program.crash(&account);
            }
            Deed::Fault(rule) => stage.service.add_fault(rule).unwrap(),
        }
        if let Some(Err(error)) = &program.ended {
            return Err(format!("the watch ended: {error}"));
        }
    }
    stage.service.clear_faults();
    program.watch(&mut stage, Duration::from_secs(3600));
    if let Some(Err(error)) = &program.ended {
        return Err(format!("the watch ended: {error}"));
    }
    let mut told = program.seqnos();
    let count: usize = told.values().map(Vec::len).sum();
    for seqnos in told.values_mut() {
        // A repeat comes right where the program crashed: dropping it leaves the order.
        seqnos.dedup();
    }
    let unique: usize = told.values().map(Vec::len).sum();
    if count - unique > repeats {
        return Err(format!(
            "{} repeats, {repeats} of them right",
            count - unique
        ));
    }
    let held = held(&stage, start);
    if told == held {
        Ok(())
    } else {
        Err(format!("told {told:?}\nheld {held:?}"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(200),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever people do, whatever breaks, and wherever the program crashes: every message that the
    /// service holds since the watch began is told once relative to the stored cursor, in order within
    /// its session, and nothing else is.
    #[test]
    fn every_message_is_told_once_and_in_order(deeds in collection::vec(deed(), 1..60)) {
        if let Err(wrong) = play(deeds, Mistake::None) {
            return Err(TestCaseError::fail(wrong));
        }
    }
}

#[test]
fn a_program_that_stores_before_it_handles_is_caught() {
    let lost = (0..40).any(|steps| {
        let deeds = vec![Deed::Write(2), Deed::Write(3), Deed::Crash(steps)];
        play(deeds, Mistake::StoresFirst).is_err()
    });
    assert!(lost);
}

#[test]
fn a_message_that_is_listed_before_it_can_be_read_is_told_later() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.now().unix.seconds().0;
    write(&mut stage, 2, OWN, "early");
    let until = stage.now().mono.0 + MINUTE;
    // The first answer about the session is still as it was.
    loop {
        assert!(!program.turn(&mut stage, until, true));
        let asks = |outgoing: &Outgoing| outgoing.request.uri().path().ends_with("msgs");
        if program.outgoing.as_ref().is_some_and(asks) {
            program.outgoing = None;
            let nothing = r#"{"code":0,"data":{"messages":null,"has_more":0}}"#;
            program.input = Some(Input::Response(http::Response::new(nothing.into())));
            break;
        }
    }
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.seqnos(), held(&stage, start));
    assert_eq!(program.told.len(), 1);
}

#[test]
fn a_session_that_stays_unreadable_does_not_slow_the_others() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    write(&mut stage, 2, OWN, "hello");
    let mut asked = 0;
    let until = stage.now().mono.0 + Duration::from_secs(1200);
    let mut written = 0;
    loop {
        if program.turn(&mut stage, until, true) {
            break;
        }
        let Some(outgoing) = &program.outgoing else {
            continue;
        };
        let uri = outgoing.request.uri().to_string();
        if uri.contains("fetch_session_msgs") && uri.contains("talker_id=2&") {
            program.outgoing = None;
            program.input = Some(Input::Response(http::Response::new("<html>".into())));
            asked += 1;
        } else if uri.contains("new_sessions") {
            write(&mut stage, 3, OWN, "more");
            written += 1;
        }
    }
    let from_others = program.told.iter().filter(|event| event.position.is_some());
    assert!(written > 50, "polled {written} times");
    assert!(from_others.count() >= written - 1);
    assert!(asked < 15, "asked {asked} times about what fails");
}

#[test]
fn a_refusal_that_passes_loses_nothing() {
    for code in [-403, -400, -404, -500] {
        let mut stage = Stage::new(world()).unwrap();
        let account = account(&stage, 1);
        let mut program = Program::start(&mut stage, &account);
        let start = stage.now().unix.seconds().0;
        write(&mut stage, 2, OWN, "hello");
        let kind = Kind::Code {
            code,
            message: None,
        };
        let refused = Rule::new("fetch_session_msgs", When::Once, kind);
        stage.service.add_fault(refused).unwrap();
        program.watch(&mut stage, MINUTE * 5);
        assert_eq!(program.seqnos(), held(&stage, start), "{code}");
    }
}

/// A program that watches with these options, from now on.
fn watching(stage: &mut Stage, account: &Account, options: WatchOptions) -> Program {
    let cursor = stage.run(account.cursor_now()).unwrap();
    let mut program = Program::resume(account, cursor.clone());
    program.flow = account.watch(cursor, options.with_interval(Duration::from_secs(20)));
    program
}

/// The kinds of what was told, in a word each.
fn words(program: &Program) -> Vec<String> {
    let word = |event: &Event| match &event.kind {
        EventKind::Message { message, .. } => message.content().summary(),
        EventKind::Recalled { .. } => "recalled".to_owned(),
        EventKind::SessionChanged { session } => format!("changed {}", session.talker),
        EventKind::UnreadChanged { users, .. } => format!("unread {}", users.follow_unread),
        EventKind::Unreadable { .. } => "unreadable".to_owned(),
        EventKind::SessionFailed { talker, .. } => format!("failed {talker}"),
        EventKind::SessionRecovered { talker } => format!("recovered {talker}"),
        other => format!("{other:?}"),
    };
    program.told.iter().map(word).collect()
}

/// One message of every sort, each saying what it is.
fn one_of_each(stage: &mut Stage) {
    let mut say = |from: u64, to: bili_im_sim::Talker, text: &str, source: u32, msg_type: u32| {
        let mut message = bili_im_sim::Message::text(from, to, text);
        message.msg_source = source;
        message.msg_type = msg_type;
        let now = stage.sim_now();
        stage.service.write(message, now).unwrap();
    };
    let own = bili_im_sim::Talker::user(OWN);
    let friend = bili_im_sim::Talker::user(2);
    say(2, own, "by hand", 7, 1);
    say(2, own, "by a machine", 9, 1);
    say(2, own, "by the service", 17, 1);
    say(2, own, "by who knows", 99, 1);
    say(OWN, friend, "by the phone", 2, 1);
    let group = bili_im_sim::Talker::group(70);
    say(3, group, "in a group", 1, 1);
}

fn world_with_a_group() -> World {
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

#[test]
fn what_is_told_is_what_was_asked_for() {
    let none = WatchOptions::default().with_own(false).with_groups(false);
    for (options, expected) in [
        (
            WatchOptions::default(),
            &["by hand", "by the phone", "by who knows", "in a group"][..],
        ),
        (none, &["by hand", "by who knows"]),
        (
            none.with_automatic(true),
            &["by a machine", "by hand", "by who knows"],
        ),
        (
            none.with_system(true),
            &["by hand", "by the service", "by who knows"],
        ),
        (
            none.with_groups(true),
            &["by hand", "by who knows", "in a group"],
        ),
    ] {
        let mut stage = Stage::new(world_with_a_group()).unwrap();
        let account = account(&stage, 1);
        let mut program = watching(&mut stage, &account, options);
        one_of_each(&mut stage);
        program.watch(&mut stage, MINUTE);
        let mut told = words(&program);
        told.sort();
        assert_eq!(told, expected, "{options:?}");
    }
}

#[test]
fn intercepted_sessions_are_told_of_when_asked_for() {
    for (is_wanted, expected) in [(true, &["psst"][..]), (false, &[])] {
        let mut stage = Stage::new(world()).unwrap();
        let account = account(&stage, 1);
        let options = WatchOptions::default().with_intercepted(is_wanted);
        let mut program = watching(&mut stage, &account, options);
        let intercept = bili_im_sim::Act::Intercept {
            uid: bili_im_sim::Uid(OWN),
            other: bili_im_sim::Uid(4),
        };
        let now = stage.sim_now();
        stage.service.act(intercept, now).unwrap();
        write(&mut stage, 4, OWN, "psst");
        program.watch(&mut stage, MINUTE);
        assert_eq!(words(&program), expected);
    }
}

#[test]
fn changes_are_told_when_asked_for() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let options = WatchOptions::default().with_changes(true);
    let mut program = watching(&mut stage, &account, options);
    program.watch(&mut stage, MINUTE);
    // What there is at first is told, whatever it is.
    assert_eq!(words(&program), ["unread 3"]);
    write(&mut stage, 2, OWN, "hello");
    program.watch(&mut stage, MINUTE * 3);
    let now = stage.sim_now();
    let ack = bili_im_sim::Act::Ack {
        uid: bili_im_sim::Uid(OWN),
        talker: bili_im_sim::Talker::user(2),
        upto: None,
    };
    stage.service.act(ack, now).unwrap();
    write(&mut stage, OWN, 2, "from the phone");
    program.watch(&mut stage, MINUTE * 3);
    let mut told = words(&program);
    told.sort();
    told.dedup();
    assert_eq!(
        told,
        [
            "changed user 2",
            "from the phone",
            "hello",
            "unread 1",
            "unread 3",
            "unread 4"
        ]
    );
    // Changes are not stored.
    let is_change = |event: &&Event| {
        matches!(
            event.kind,
            EventKind::SessionChanged { .. } | EventKind::UnreadChanged { .. }
        )
    };
    assert!(
        program
            .told
            .iter()
            .filter(is_change)
            .all(|event| event.position.is_none())
    );
}

#[test]
fn counts_are_told_at_first_and_when_they_change() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let cursor = stage.run(account.cursor_now()).unwrap();
    let mut program = Program::resume(&account, cursor);
    program.flow = account.watch_unread(Some(MINUTE));
    program.watch(&mut stage, MINUTE * 3);
    write(&mut stage, 2, OWN, "hello");
    program.watch(&mut stage, MINUTE * 3);
    assert_eq!(words(&program), ["unread 3", "unread 4"]);
    let fault = Rule::new(
        "single_unread",
        When::Once,
        Kind::Code {
            code: -101,
            message: None,
        },
    );
    stage.service.add_fault(fault).unwrap();
    program.watch(&mut stage, MINUTE * 3);
    assert!(matches!(program.ended, Some(Err(Error::Refused(_)))));
}

#[test]
fn a_session_that_failed_is_remembered_across_a_restart_and_lets_the_mark_go_on() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    write(&mut stage, 2, OWN, "unreadable for long");
    stage
        .service
        .add_fault(Rule::new("fetch_session_msgs", When::Always, Kind::Html))
        .unwrap();
    program.watch(&mut stage, MINUTE);
    stage.service.clear_faults();
    write(&mut stage, 3, OWN, "readable");
    program.watch(&mut stage, MINUTE * 2);
    // It is asked about again all by itself, long after the lists have ceased to speak of it.
    stage
        .service
        .add_fault(Rule::new("fetch_session_msgs", When::Always, Kind::Html))
        .unwrap();
    write(&mut stage, 4, OWN, "unreadable until the restart");
    program.watch(&mut stage, MINUTE);
    stage.service.clear_faults();
    stage.advance(MINUTE * 60);
    let before = stage.log.len();
    program.crash(&account);
    program.watch(&mut stage, MINUTE);
    let told = words(&program);
    for text in [
        "failed user 2",
        "unreadable for long",
        "recovered user 2",
        "readable",
        "unreadable until the restart",
        "recovered user 4",
    ] {
        assert!(told.iter().any(|word| word == text), "{text}: {told:?}");
    }
    // The mark has passed it over: it is not asked what changed since before.
    let asked = (stage.log.iter().skip(before))
        .find_map(|exchange| exchange.query_field("begin_ts")?.parse::<u64>().ok())
        .unwrap();
    let an_hour_ago = stage.now().unix.0 - 3_700_000_000;
    assert!(asked + 120_000_000 > an_hour_ago, "{asked} {an_hour_ago}");
}

#[test]
fn a_recall_is_told_and_hides_what_was_not_told_yet() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    for text in ["seen before it is recalled", "recalled before it is seen"] {
        let message = written(2, OWN, text);
        let now = stage.sim_now();
        let (msg_key, _) = stage.service.write(message, now).unwrap();
        if text.starts_with("seen") {
            program.watch(&mut stage, MINUTE);
        }
        let recall = bili_im_sim::Act::Recall {
            uid: bili_im_sim::Uid(2),
            msg_key,
        };
        let now = stage.sim_now();
        stage.service.act(recall, now).unwrap();
    }
    program.watch(&mut stage, MINUTE);
    let told = words(&program);
    let [seen, one, hidden, other] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(seen, "seen before it is recalled");
    assert_eq!((&**one, &**other), ("recalled", "recalled"));
    assert!(!hidden.contains("before"), "{hidden}");
}

#[test]
fn more_sessions_than_a_list_holds_are_all_told_of() {
    let mut world = world();
    let crowd = 1000..1350;
    for uid in crowd.clone() {
        let account = bili_im_sim::Account::new(uid);
        world.accounts.push(account);
    }
    let mut stage = Stage::new(world).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.now().unix.seconds().0;
    for uid in crowd {
        stage.advance(Duration::from_millis(10));
        write(&mut stage, uid, OWN, "me too");
    }
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.told.len(), 350);
    assert_eq!(program.seqnos(), held(&stage, start));
}

#[test]
fn only_what_a_person_wrote_is_answered_and_the_answer_is_sent_once() {
    let mut stage = Stage::new(world_with_a_group()).unwrap();
    let account = account(&stage, 1);
    let all = WatchOptions::default()
        .with_automatic(true)
        .with_system(true);
    let mut program = watching(&mut stage, &account, all);
    one_of_each(&mut stage);
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.told.len(), 6);
    let mut answered = Vec::new();
    for event in &program.told {
        match account.prepare_answer(event, Text::new("thanks").unwrap()) {
            Ok(prepare) => {
                let ticket = stage.run(prepare).unwrap();
                stage.run(account.send_ticket(ticket.clone())).unwrap();
                let again = stage.run(account.send_ticket(ticket)).unwrap_err();
                assert!(matches!(again, Error::Invalid(Invalid::UsedTicket)));
                answered.push(event.clone());
            }
            Err(refused) => assert_eq!(refused, Invalid::NotAnswerable),
        }
    }
    program.told = answered;
    let mut told = words(&program);
    told.sort();
    assert_eq!(told, ["by hand", "in a group"]);
}

#[test]
fn a_login_that_ends_soon_is_announced_and_announced_again_on_its_last_day() {
    let mut stage = Stage::new(world()).unwrap();
    let end = stage.now().unix.seconds().0 + 14 * 24 * 3600 + 600;
    let login = Credential::new("sim-1", &format!("{OWN:032}"), Uid(OWN))
        .unwrap()
        .with_expires(Some(UnixSeconds(end)));
    let account = stage.account(login, 1).build();
    let mut program = Program::start(&mut stage, &account);
    let announced = |program: &Program| {
        let is_end = |event: &&Event| matches!(event.kind, EventKind::LoginEnds { .. });
        program.told.iter().filter(is_end).count()
    };
    program.watch(&mut stage, MINUTE);
    assert_eq!(announced(&program), 0);
    program.watch(&mut stage, MINUTE * 20);
    assert_eq!(announced(&program), 1);
    stage.advance(MINUTE * 60 * 24 * 13);
    program.watch(&mut stage, MINUTE * 20);
    assert_eq!(announced(&program), 2);
}

/// Answers by hand, as odd as they come; what is told in some minutes of such a service, and how it ends.
fn told_by(
    cursor: &str,
    minutes: u32,
    mut answer: impl FnMut(&str, &BTreeMap<String, String>, u64) -> Option<String>,
) -> (Vec<String>, Option<Error>) {
    let mut stage = Stage::new(world()).unwrap();
    let start = stage.now().unix.seconds().0;
    let cursor = cursor.replace("NOW", &start.to_string());
    let cursor = serde_json::from_str(&cursor).unwrap();
    let account = account(&stage, 1);
    let mut program = Program::resume(&account, cursor);
    let until = stage.now().mono.0 + MINUTE * minutes;
    while !program.turn(&mut stage, until, true) {
        let Some(outgoing) = program.outgoing.take() else {
            continue;
        };
        let uri = outgoing.request.uri();
        let name = uri.path().rsplit('/').next().unwrap().to_owned();
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let query = query.into_owned().collect();
        let now = stage.now().unix.seconds().0;
        let body = match (&*name, answer(&name, &query, now)) {
            (_, Some(body)) => body,
            ("nav", None) => String::from_utf8(answers::nav(OWN, 1).into_body()).unwrap(),
            _ => r#"{"code":0,"data":{}}"#.to_owned(),
        };
        program.input = Some(Input::Response(http::Response::new(body.into())));
        stage.advance(Duration::from_millis(20));
    }
    (words(&program), program.ended.and_then(Result::err))
}

const FRESH: &str = r#"{"version":2,"uid":"1","floor":NOW,"mark":NOW000000,"compared":NOW000000,"capacity":9,"sessions":[["user-2","1",0]]}"#;

fn list(sessions: &[String], has_more: u8) -> Option<String> {
    let sessions = sessions.join(",");
    Some(format!(
        r#"{{"code":0,"data":{{"session_list":[{sessions}],"has_more":{has_more}}}}}"#
    ))
}

fn listed(uid: u64, max_seqno: u64, seconds: u64) -> String {
    format!(
        r#"{{"talker_id":{uid},"session_type":1,"max_seqno":{max_seqno},"session_ts":{seconds}000000}}"#
    )
}

/// A page of texts that say their numbers, newest first.
fn page(seqnos: impl IntoIterator<Item = u64>, seconds: u64) -> Option<String> {
    let messages: Vec<_> = (seqnos.into_iter())
        .map(|seqno| (false, seqno + 1000, seqno, seqno.to_string()))
        .collect();
    let messages: Vec<_> = (messages.iter())
        .map(|(own, key, seqno, text)| (*own, *key, *seqno, &**text))
        .collect();
    String::from_utf8(answers::page(2, seconds, &messages).into_body()).ok()
}

#[test]
fn a_session_with_nobody_and_one_without_a_name_keep_nothing_from_being_told() {
    let (told, ended) = told_by(FRESH, 5, |name, _, now| match name {
        "new_sessions" => list(
            &[
                r#"{"session_type":1}"#.to_owned(),
                listed(0, 9, now),
                listed(2, 2, now),
            ],
            0,
        ),
        "fetch_session_msgs" => page([2], now),
        _ => None,
    });
    assert_eq!((told, ended), (vec!["2".to_owned()], None));
}

#[test]
fn nothing_is_told_before_it_is_known_whose_login_it_is() {
    let pending = FRESH.replace(r#""1",0]"#, r#""1",0,true]"#);
    let mut asked = 0;
    let (told, ended) = told_by(&pending, 10, |name, _, now| match name {
        "nav" => {
            asked += 1;
            let another = String::from_utf8(answers::nav(7, 1).into_body()).unwrap();
            Some(if asked == 1 {
                "<html>".to_owned()
            } else {
                another
            })
        }
        "fetch_session_msgs" => page([2], now),
        _ => None,
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("Held"), "{told:?}");
    assert!(matches!(
        ended,
        Some(Error::Invalid(Invalid::ForeignCursor(_)))
    ));
}

#[test]
fn an_answer_without_keys_does_not_end_it() {
    let mut asked = 0;
    let (told, ended) = told_by(FRESH, 10, |name, _, now| match name {
        "nav" => {
            asked += 1;
            let keyless = r#"{"code":0,"data":{"isLogin":true,"mid":1,"uname":"n"}}"#;
            (asked <= 3).then(|| keyless.to_owned())
        }
        "new_sessions" => list(&[listed(2, 2, now)], 0),
        "fetch_session_msgs" => page([2], now),
        _ => None,
    });
    assert_eq!(ended, None);
    assert!(told.iter().any(|word| word == "2"), "{told:?}");
}

#[test]
fn an_empty_page_where_there_must_be_one_is_asked_for_again() {
    let mut hiccups = 2;
    let (told, _) = told_by(FRESH, 5, |name, query, now| match name {
        "new_sessions" => list(&[listed(2, 501, now)], 0),
        "fetch_session_msgs" => {
            let (begin, end) = bounds(query, 501);
            if end != 502 && hiccups > 0 {
                hiccups -= 1;
                return page([], now);
            }
            page((begin + 1..end).rev().take(200), now)
        }
        _ => None,
    });
    let all: Vec<String> = (2..=501).map(|seqno| seqno.to_string()).collect();
    assert_eq!(told, all);
}

#[test]
fn a_list_that_always_has_more_does_not_keep_all_sessions_from_being_compared() {
    let (told, _) = told_by(FRESH, 90, |name, query, now| match name {
        "new_sessions" => list(&[listed(3, 1, now)], 1),
        // Only far down in the whole list is there something.
        "get_sessions" if query.contains_key("end_ts") => list(&[listed(2, 2, now - 50_000)], 0),
        "get_sessions" => list(&[listed(3, 1, now - 40_000)], 1),
        "fetch_session_msgs" if query.get("talker_id").is_some_and(|id| id == "2") => {
            page([2], now)
        }
        _ => None,
    });
    assert!(told.iter().any(|word| word == "2"), "{told:?}");
}

#[test]
fn a_full_list_that_says_there_is_no_more_is_not_believed() {
    let mut swept = 0;
    let (_, ended) = told_by(FRESH, 2, |name, _, now| match name {
        "new_sessions" => {
            let full: Vec<String> = (10..110).map(|uid| listed(uid, 1, now)).collect();
            list(&full, 0)
        }
        "get_sessions" => {
            swept += 1;
            None
        }
        _ => None,
    });
    assert_eq!(ended, None);
    assert!(swept >= 3, "{swept}");
}

#[test]
fn counts_that_cannot_be_had_hold_nothing_up() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let options = WatchOptions::default().with_changes(true);
    let mut program = watching(&mut stage, &account, options);
    stage
        .service
        .add_fault(Rule::new("single_unread", When::Always, Kind::Html))
        .unwrap();
    for _ in 0..5 {
        write(&mut stage, 2, OWN, "hello");
        program.watch(&mut stage, MINUTE);
    }
    let told = words(&program);
    assert_eq!(told.iter().filter(|word| *word == "hello").count(), 5);
    assert!(
        !told.iter().any(|word| word.starts_with("Held")),
        "{told:?}"
    );
}

#[test]
fn a_time_that_lies_far_ahead_does_not_make_what_comes_now_old() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    // The first of its lists has a session of tomorrow.
    let mut flow = account.cursor_now();
    let mut input = Input::Begin;
    let cursor: Cursor = loop {
        input = match flow.resume(stage.now(), input) {
            Step::Send(outgoing) if outgoing.request.uri().path().ends_with("new_sessions") => {
                let tomorrow = stage.now().unix.seconds().0 + 86_400;
                let body = list(&[listed(3, 1, tomorrow)], 0).unwrap();
                Input::Response(http::Response::new(body.into()))
            }
            Step::Send(outgoing) => {
                let now = stage.now();
                stage.exchange(now, outgoing)
            }
            Step::WaitUntil(moment) => {
                stage.advance(moment.since(stage.now().mono));
                Input::Woken
            }
            Step::Item(never) => match never {},
            Step::Done(result) => break result.unwrap(),
        };
    };
    let mut program = Program::resume(&account, cursor);
    write(&mut stage, 5, OWN, "now");
    program.watch(&mut stage, MINUTE);
    assert_eq!(words(&program), ["now"], "{:?}", program.cursor);
}

#[test]
fn what_is_listed_while_an_event_is_handled_for_long_is_looked_for_again() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let options = WatchOptions::default().with_changes(true);
    let mut program = watching(&mut stage, &account, options);
    program.watch(&mut stage, MINUTE);
    let now = stage.sim_now();
    let ack = bili_im_sim::Act::Ack {
        uid: bili_im_sim::Uid(OWN),
        talker: bili_im_sim::Talker::user(2),
        upto: None,
    };
    stage.service.act(ack, now).unwrap();
    write(&mut stage, OWN, 2, "makes the session listed");
    let until = stage.now().mono.0 + MINUTE;
    let is_changed = |program: &Program| words(program).iter().any(|w| w.starts_with("changed"));
    while !is_changed(&program) {
        assert!(!program.turn(&mut stage, until, true));
    }
    // The machine sleeps for a night with that event in hand: its monotonic clock does not notice.
    let wall = |seconds: u64| bili_im_proto::UnixMicros(stage.now().unix.0 + seconds * 1_000_000);
    let (midnight, morning) = (wall(4 * 3600), wall(8 * 3600));
    stage.set_wall_clock(midnight);
    write(&mut stage, 3, OWN, "came in the night");
    stage.set_wall_clock(morning);
    program.watch(&mut stage, MINUTE * 3);
    assert!(
        words(&program)
            .iter()
            .any(|word| word == "came in the night")
    );
}

#[test]
fn reads_do_not_wait_behind_a_poll_that_is_not_due() {
    let mut stage = Stage::new(world()).unwrap();
    let login = Credential::new("sim-1", &format!("{OWN:032}"), Uid(OWN)).unwrap();
    let account = stage
        .account(login, 1)
        .pacing(bili_im_proto::Pacing::default())
        .build();
    // It has polled just now, and polls again in six seconds.
    let mut program = Program::start(&mut stage, &account);
    let soon = stage.now().mono.0 + Duration::from_secs(1);
    while !program.turn(&mut stage, soon, true) {}
    let before = stage.now().mono;
    stage
        .run(account.call(bili_im_proto::SingleUnread::new()))
        .unwrap();
    assert!(stage.now().mono.since(before) < Duration::from_secs(1));
}

/// The numbers from one to another, as they are told.
fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|seqno| seqno.to_string()).collect()
}

/// Between which messages a page is asked for; `newest` is the newest there is.
fn bounds(query: &BTreeMap<String, String>, newest: u64) -> (u64, u64) {
    let begin = number(query, "begin_seqno").unwrap_or(0);
    (begin, number(query, "end_seqno").unwrap_or(newest + 1))
}

/// A number in a query.
fn number(query: &BTreeMap<String, String>, name: &str) -> Option<u64> {
    query.get(name)?.parse().ok()
}

#[test]
fn an_empty_page_is_asked_for_again_wherever_it_comes() {
    // The newest of all, a short one that has more before it, one long after the session was listed.
    for (empty_ones, size, minutes) in [(0..1, 200, 5), (1..3, 30, 5), (15..17, 30, 90)] {
        let mut asked = 0;
        let (told, _) = told_by(FRESH, minutes, |name, query, now| match name {
            "new_sessions" => list(&[listed(2, 501, now)], 0),
            "fetch_session_msgs" => {
                let (begin, end) = bounds(query, 501);
                asked += 1;
                if empty_ones.contains(&(asked - 1)) {
                    return page([], now);
                }
                let short = page((begin + 1..end).rev().take(size), now)?;
                Some(short.replace(r#""has_more":0"#, r#""has_more":1"#))
            }
            _ => None,
        });
        assert_eq!(told, numbers(2..=501), "{empty_ones:?}");
    }
}

#[test]
fn a_page_that_is_empty_when_it_is_read_again_is_not_believed() {
    // More pages than are kept, so that some are read again on the way forward, which fails for a while.
    let mut seen = std::collections::BTreeSet::new();
    let mut began = None;
    let mut hiccups = 0;
    let (told, _) = told_by(FRESH, 30, |name, query, now| match name {
        "new_sessions" => list(&[listed(2, 3001, now)], 0),
        "fetch_session_msgs" => {
            let (begin, end) = bounds(query, 3001);
            let is_again = !seen.insert(end) && end == 3002;
            if is_again && now < *began.get_or_insert(now) + 90 {
                return Some("<html>".to_owned());
            }
            if is_again && hiccups < 3 {
                hiccups += 1;
                return page([], now);
            }
            page((begin + 1..end).rev().take(200), now)
        }
        _ => None,
    });
    assert_eq!(hiccups, 3);
    let told: Vec<_> = (told.into_iter())
        .filter(|word| word.parse::<u64>().is_ok())
        .collect();
    assert_eq!(told, numbers(2..=3001));
}

#[test]
fn a_message_is_told_at_once_whatever_a_short_page_says_of_more() {
    for has_more in [0, 1] {
        let mut polls = 0;
        let (told, _) = told_by(FRESH, 1, |name, query, now| match name {
            "new_sessions" => {
                polls += 1;
                list(&[listed(2, 1 + polls, now)], 0)
            }
            "fetch_session_msgs" => {
                let begin = number(query, "begin_seqno").unwrap_or(0);
                let page = page((begin + 1..=1 + polls).rev(), now)?;
                Some(page.replace(r#""has_more":0"#, &format!(r#""has_more":{has_more}"#)))
            }
            _ => None,
        });
        assert!(polls >= 3, "{polls}");
        assert_eq!(told, numbers(2..=1 + polls));
    }
}

/// A page of texts, each of which says when it was written, or does not.
fn dated(times: &[(u64, Option<u64>)]) -> Option<String> {
    let mut all = Vec::new();
    for &(seqno, time) in times {
        let one = page([seqno], time.unwrap_or(0))?;
        let mut one: serde_json::Value = serde_json::from_str(&one).ok()?;
        let mut one = one["data"]["messages"][0].take();
        if time.is_none() && seqno.is_multiple_of(2) {
            one.as_object_mut()?.remove("timestamp");
        }
        all.push(one);
    }
    let data = serde_json::json!({"messages": all, "has_more": 0});
    Some(serde_json::json!({"code": 0, "data": data}).to_string())
}

#[test]
fn what_does_not_say_when_it_was_written_is_as_old_as_its_neighbours() {
    const NEW: Option<u64> = Some(u64::MAX);
    let (old, new, far_ahead) = (Some(1_000_000_000), NEW, Some(4_000_000_000));
    for (times, expected) in [
        (&[(9, new), (8, None), (7, old)][..], &["9"][..]),
        (&[(9, None), (8, new), (7, None), (6, old)], &["8", "9"]),
        (&[(9, new), (8, None)], &["8", "9"]),
        (&[(9, None), (8, old)], &[]),
        (&[(9, None), (8, None), (7, None)], &["9"]),
        (&[(8, None), (7, None)], &[]),
        (&[(9, far_ahead), (8, far_ahead), (7, old)], &[]),
    ] {
        let (mut told, _) = told_by(FRESH, 1, |name, query, now| match name {
            "new_sessions" => list(&[listed(3, 9, now)], 0),
            "fetch_session_msgs" if !query.contains_key("begin_seqno") => {
                let dates = times.iter().map(|&(seqno, time)| match time {
                    NEW => (seqno, Some(now)),
                    other => (seqno, other),
                });
                dated(&dates.collect::<Vec<_>>())
            }
            _ => None,
        });
        told.sort();
        assert_eq!(told, expected, "{times:?}");
    }
}

#[test]
fn a_message_that_cannot_be_read_is_told_as_such_and_holds_nothing_up() {
    let mut polls = 0;
    let (told, _) = told_by(FRESH, 2, |name, query, now| match name {
        "new_sessions" => {
            polls += 1;
            list(&[listed(2, if polls < 3 { 4 } else { 5 }, now)], 0)
        }
        "fetch_session_msgs" => {
            let begin = number(query, "begin_seqno").unwrap_or(0);
            let newest = if polls < 3 { 4 } else { 5 };
            let page = page((begin + 1..=newest).rev(), now)?;
            let mut page: serde_json::Value = serde_json::from_str(&page).ok()?;
            for message in page["data"]["messages"].as_array_mut()? {
                if message["msg_seqno"] == 3 {
                    message.as_object_mut()?.remove("sender_uid");
                }
            }
            Some(page.to_string())
        }
        _ => None,
    });
    assert_eq!(told, ["2", "unreadable", "4", "5"]);
}

#[test]
fn a_list_that_says_zero_says_nothing() {
    let mut polls = 0;
    let (told, _) = told_by(FRESH, 2, |name, _, now| match name {
        "new_sessions" => list(&[listed(2, 0, now)], 0),
        "fetch_session_msgs" => {
            polls += 1;
            page((1..=polls).rev(), now)
        }
        _ => None,
    });
    assert!(polls >= 4, "{polls}");
    assert_eq!(told, numbers(2..=polls));
}

#[test]
fn a_list_of_intercepted_sessions_that_is_refused_slows_nothing_else() {
    let mut stage = Stage::new(world()).unwrap();
    let account = account(&stage, 1);
    let options = WatchOptions::default().with_intercepted(true);
    let mut program = watching(&mut stage, &account, options);
    let refused = Kind::Code {
        code: -400,
        message: None,
    };
    stage
        .service
        .add_fault(Rule::new("get_sessions", When::Always, refused))
        .unwrap();
    for minute in 1..=20 {
        write(&mut stage, 2, OWN, "hello");
        program.watch(&mut stage, MINUTE);
        let told = words(&program);
        let hellos = told.iter().filter(|word| *word == "hello").count();
        assert_eq!(hellos, minute, "{told:?}");
    }
    let told = words(&program);
    let held = told.iter().filter(|word| word.starts_with("Held")).count();
    assert!((1..=8).contains(&held), "{held}");
    // What was kept back meanwhile comes when the list does.
    let intercept = bili_im_sim::Act::Intercept {
        uid: bili_im_sim::Uid(OWN),
        other: bili_im_sim::Uid(4),
    };
    let now = stage.sim_now();
    stage.service.act(intercept, now).unwrap();
    write(&mut stage, 4, OWN, "psst");
    program.watch(&mut stage, MINUTE);
    stage.service.clear_faults();
    program.watch(&mut stage, MINUTE * 6);
    assert!(words(&program).iter().any(|word| word == "psst"));
}

#[test]
fn a_hundred_sessions_that_changed_in_one_moment_do_not_end_a_list() {
    let (told, _) = told_by(FRESH, 5, |name, query, now| match name {
        "new_sessions" => {
            let full: Vec<String> = (10..110).map(|uid| listed(uid, 1, now)).collect();
            list(&full, 1)
        }
        "get_sessions" if query.get("session_type").is_some_and(|kind| kind == "1") => {
            let moment = (now - now % 60) * 1_000_000;
            let is_older = number(query, "end_ts").is_some_and(|end| end <= moment);
            if is_older {
                list(&[listed(2, 2, moment / 1_000_000 - 1)], 0)
            } else {
                let full: Vec<String> = (10..110)
                    .map(|uid| listed(uid, 1, moment / 1_000_000))
                    .collect();
                list(&full, 1)
            }
        }
        "fetch_session_msgs" if query.get("talker_id").is_some_and(|id| id == "2") => {
            page([2], now)
        }
        _ => None,
    });
    assert!(told.iter().any(|word| word == "2"), "{told:?}");
}

#[test]
fn an_empty_page_in_the_middle_of_a_gap_is_not_believed_for_long() {
    let mut began = None;
    let (told, _) = told_by(FRESH, 30, |name, query, now| match name {
        "new_sessions" => list(&[listed(2, 501, now)], 0),
        "fetch_session_msgs" => {
            let (begin, end) = bounds(query, 501);
            if end != 502 && now < *began.get_or_insert(now) + 300 {
                return page([], now);
            }
            page((begin + 1..end).rev().take(200), now)
        }
        _ => None,
    });
    assert_eq!(told, numbers(2..=501));
}

#[test]
fn a_list_that_is_always_refused_keeps_no_other_from_being_gone_through() {
    let mut asked = 0;
    let (told, _) = told_by(FRESH, 100, |name, query, now| match name {
        "new_sessions" => list(&[], 0),
        "get_sessions" => match query.get("session_type").map(String::as_str) {
            Some("1") => {
                asked += 1;
                let newest = if asked < 3 { 1 } else { 2 };
                list(&[listed(2, newest, now - 5000)], 0)
            }
            Some("2") => Some(r#"{"code":-400,"message":"no"}"#.to_owned()),
            _ => None,
        },
        "fetch_session_msgs" => page([2, 1], now),
        _ => None,
    });
    assert!(asked >= 3, "{asked}");
    assert!(told.iter().any(|word| word == "2"), "{told:?}");
}

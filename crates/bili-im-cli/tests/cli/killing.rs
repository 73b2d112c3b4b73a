//! A watch that is killed with SIGKILL again and again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::PathBuf,
    process::{Child, Stdio},
    sync::mpsc,
    thread,
};

use bili_im_sim::{Account, GroupId, Message, Talker, Uid, World};
use serde_json::Value;

use crate::{
    support::{CREATOR, Stage, until},
    watching::text,
};

const KILLS: usize = 50;

/// The number of messages in a burst.
const MESSAGES: usize = 6;

const PEOPLE: std::ops::Range<u64> = 10002..10006;
const GROUP: GroupId = GroupId(20001);

fn world() -> World {
    let mut world = World::from_json(r#"{"accounts":[]}"#).unwrap();
    for uid in PEOPLE.chain([CREATOR]) {
        world.accounts.push(Account::new(uid));
    }
    let members = PEOPLE.map(Uid);
    world
        .groups
        .push(bili_im_sim::Group::new(GROUP, "all", Uid(CREATOR), members));
    world
}

/// Pseudorandom numbers, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

/// Writes a message in a random session, sometimes as the creator on another device.
fn message(dice: &mut Dice, text: &str) -> Message {
    let person = PEOPLE.start + dice.roll(4);
    let (from, to) = match dice.roll(8) {
        0 => (person, Talker::Group(GROUP)),
        1 => (CREATOR, Talker::user(person)),
        _ => (person, Talker::user(CREATOR)),
    };
    Message::text(from, to, text)
}

/// One run of the watch up to its kill, and what it printed.
struct Run {
    child: Child,
    out: PathBuf,
}

impl Run {
    fn start(stage: &Stage, number: usize) -> Self {
        let out = stage.state_dir().join(format!("out-{number}"));
        let cursor = stage.cursor();
        let args = ["watch", "--json", "--interval", "0.02", "--cursor"];
        // Waiting for a program makes more kills fall between printing and storing.
        let exec = ["--exec", "/bin/true"];
        let exec = if number % 2 == 1 { &exec[..] } else { &[] };
        let args = [&args[..], &[cursor.to_str().unwrap()], exec].concat();
        let mut command = stage.command(&args);
        let child = command
            .stdout(File::create(&out).unwrap())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self { child, out }
    }

    /// The number of bytes that the watch has printed.
    fn printed(&mut self) -> u64 {
        let ended = self.child.try_wait().unwrap();
        assert_eq!(ended, None, "it ended by itself");
        fs::metadata(&self.out).unwrap().len()
    }

    /// What the watch has printed so far.
    fn told(&mut self) -> Vec<Value> {
        self.printed();
        let text = fs::read_to_string(&self.out).unwrap();
        let whole = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        whole
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn kill(mut self) -> Vec<Value> {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), None, "it ended by itself");
        let text = fs::read_to_string(&self.out).unwrap();
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "there are whole lines only"
        );
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// The session of an event, and its position there.
fn place(event: &Value) -> (String, u64) {
    let id = event["id"].as_str().unwrap();
    let (talker, seqno) = id.rsplit_once('-').unwrap();
    (talker.to_owned(), seqno.parse().unwrap())
}

/// The messages in the creator's sessions.
fn held(stage: &Stage) -> BTreeSet<(String, u64)> {
    let messages = stage.snapshot().messages;
    let place = |message: &bili_im_sim::MessageState| {
        let talker = match message.talker {
            Talker::Group(id) => format!("group-{id}"),
            Talker::User(uid) if message.from == Uid(CREATOR) => format!("user-{uid}"),
            Talker::User(_) => format!("user-{}", message.from),
        };
        (talker, message.msg_seqno.0)
    };
    messages.iter().map(place).collect()
}

#[test]
fn killed_fifty_times_it_tells_every_message_and_repeats_only_what_it_told_last() {
    let stage = Stage::of(world());
    let mut dice = Dice(7);
    // Another thread writes messages in bursts.
    let (burst, bursts) = mpsc::channel::<()>();
    let mut runs = vec![];
    thread::scope(|scope| {
        let stage = &stage;
        scope.spawn(move || {
            let mut dice = Dice(8);
            for (number, ()) in bursts.iter().enumerate() {
                for count in 0..MESSAGES {
                    stage.put(message(&mut dice, &format!("{number}.{count}")));
                    thread::yield_now();
                }
            }
        });
        let first = Run::start(stage, 0);
        until(|| stage.cursor().exists());
        runs.push(first.kill());
        for number in 1..KILLS {
            burst.send(()).unwrap();
            let mut run = Run::start(stage, number);
            // Kill at once, or after the first output, or after more output.
            for _ in 0..dice.roll(4) {
                let printed = run.printed();
                burst.send(()).unwrap();
                until(|| run.printed() > printed);
            }
            runs.push(run.kill());
        }
        drop(burst);
    });
    // The run is complete when the last message of each session is printed.
    for person in PEOPLE {
        stage.write(person, "the end");
    }
    stage.say(PEOPLE.start, Talker::Group(GROUP), "the end");
    let mut last = Run::start(&stage, KILLS);
    until(|| {
        let told = last.told();
        let ends = told.iter().filter(|event| text(event) == "the end");
        ends.count() == 5
    });
    runs.push(last.kill());
    let told: BTreeSet<_> = runs.iter().flatten().map(place).collect();
    let all = held(&stage);
    assert_eq!(told, all, "exactly what was written");
    check_order(&runs);
    let messages = all.len();
    let lines = runs.iter().map(Vec::len).sum::<usize>();
    println!("{KILLS} kills, {messages} messages, {lines} lines");
}

/// Checks that no run repeats anything but the last event of the run before.
fn check_order(runs: &[Vec<Value>]) {
    let mut newest = BTreeMap::new();
    let mut last_told = BTreeSet::new();
    for run in runs {
        let mut in_this_run = BTreeSet::new();
        for (talker, seqno) in run.iter().map(place) {
            let place = (talker.clone(), seqno);
            let before = newest.insert(talker, seqno).unwrap_or_default();
            let is_repeated = seqno == before && last_told.contains(&place);
            assert!(seqno > before || is_repeated, "{place:?} after {before}");
            assert!(in_this_run.insert(place), "{seqno} twice in one run");
        }
        // Only the last event before a kill can be printed and not stored.
        last_told.extend(run.last().map(place));
    }
}

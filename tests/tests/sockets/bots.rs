//! The bots of the examples, as programs of their own.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use bili_im_sim::{
    MessageState, World,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{DEMO_FRIEND, DEMO_UID, Live, example};

const STRANGER: u64 = 10_003;

/// A bot, and the folder where it keeps its file. Dropped, it is killed.
struct Bot(Child);

impl Bot {
    fn start(program: &Path, live: &Live, folder: &Path) -> Self {
        let cookie = World::demo().account(DEMO_UID).unwrap().cookie();
        let child = Command::new(program)
            .current_dir(folder)
            .env("BILI_IM_COOKIE", cookie)
            .env("BILI_IM_ENDPOINT", live.origin.to_string())
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

fn answers(live: &Live) -> usize {
    let is_answer =
        |message: &&MessageState| message.from.0 == DEMO_UID && message.content.contains("收到");
    live.snapshot().messages.iter().filter(is_answer).count()
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "it does not happen");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A bot is refused by one person, answers another, and is killed while it sends an answer.
fn lives_and_dies(program: &Path) {
    let mut world = World::demo();
    let stranger = world.accounts.iter_mut().find(|one| one.uid.0 == STRANGER);
    stranger.unwrap().accepts = bili_im_sim::Accepts::Nobody;
    let live = Live::of(world);
    let folder = tempfile::tempdir().unwrap();

    let bot = Bot::start(program, &live, folder.path());
    wait_until(|| folder.path().join("bot.json").exists());
    live.write(STRANGER, "hello");
    live.write(DEMO_FRIEND, "hello");
    wait_until(|| answers(&live) == 1);
    let stall = Rule::new("send_msg", When::Once, Kind::Stall).after_effect();
    live.fault(stall);
    live.write(DEMO_FRIEND, "hello");
    wait_until(|| answers(&live) == 2);
    drop(bot);

    live.write(DEMO_FRIEND, "hello");
    let _bot = Bot::start(program, &live, folder.path());
    wait_until(|| answers(&live) == 3);
    // Longer than an interval: a fourth would come now.
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(answers(&live), 3);
}

#[test]
fn the_blocking_bot_survives_refusals_and_its_death() {
    lives_and_dies(&example("answering_bot"));
}

#[test]
fn the_async_bot_survives_refusals_and_its_death() {
    lives_and_dies(&example("answering_bot_async"));
}

/// Its lines, without comments and empty lines.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(" //") {
        Some((code, _)) => code.trim_end(),
        None => line,
    });
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect();
    lines.join("\n")
}

#[test]
fn the_first_pages_show_the_bot_that_is_tested() {
    let bot = code(include_str!(
        "../../../crates/bili-im-ureq/examples/answering_bot.rs"
    ));
    assert!(bot.lines().count() < 40, "it stays short");
    for page in [
        include_str!("../../../README.md"),
        include_str!("../../../README.zh-CN.md"),
    ] {
        assert!(code(page).contains(&bot), "{}", code(page));
    }
}

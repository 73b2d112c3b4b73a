//! Rules.

use std::{fs, path::Path};

use bili_im_archive::{Archive, Queue, RuleRun};
use bili_im_proto::{Talker, Uid};
use bili_im_serve::{Limits, Outlets};
use bili_im_tests::demo_login;
use serde_json::{Value, json};

use crate::{
    events::write,
    stage::{FRIEND, Life, MAIN, STRANGER, Stage, clock, count, limits, to},
};

fn set(life: &Life, text: &str) {
    let rules = Outlets::parse(text, Path::new(".")).unwrap();
    life.wait(async { life.core.set_outlets(rules) });
}

fn quick() -> Limits {
    let mut limits = limits();
    limits.outlets.look = std::time::Duration::from_millis(50);
    limits
}

fn start(stage: &Stage, text: &str) -> Life {
    let life = stage.start_with(quick(), |_| {});
    set(&life, text);
    // The consumer begins now.
    life.until(|life| life.page("/metrics").1.contains("consumer=\"rules\"} 0"));
    life
}

/// The queue of the account, while there is no process.
fn queue(stage: &Stage) -> Queue {
    let archive = stage.folder.path().join(format!("{MAIN}.db"));
    Queue::new(Archive::open(archive).unwrap(), clock).unwrap()
}

/// Waits until the rules have handled all events.
fn settled(life: &Life, events: usize) {
    let events = format!("bili_im_events_total{{account=\"main\"}} {events}");
    life.until(|life| {
        let (_, page) = life.page("/metrics");
        page.contains(&events) && page.contains("consumer=\"rules\"} 0")
    });
}

const PRICES: &str = "[[rule]]
name = 'prices'
regex = '(\\d+) 个'
answer = '{sender}，{1} 个要面议'
tag = 'sales'
";

#[test]
fn a_message_is_answered_and_tagged_once_also_after_a_crash() {
    let stage = Stage::new();
    let life = start(&stage, PRICES);
    write(&stage, &["多少钱", "30 个多少钱", "40 个呢"]);
    life.until(|_| count(&stage, "铁粉小明，30 个要面议") == 1);
    // Three messages and the answer.
    settled(&life, 4);
    let tags = life.done("tags", json!({}));
    assert_eq!(tags["tags"][0]["talker"], to(FRIEND));
    assert_eq!(tags["tags"][0]["tag"], "sales");
    life.kill();
    let life = start(&stage, PRICES);
    write(&stage, &["50 个呢"]);
    settled(&life, 5);
    assert_eq!(count(&stage, "个要面议"), 1);
    life.stop();
}

#[test]
fn what_was_written_while_it_was_dead_is_answered() {
    let stage = Stage::new();
    start(&stage, PRICES).kill();
    write(&stage, &["30 个多少钱"]);
    let life = stage.start();
    set(&life, PRICES);
    life.until(|_| count(&stage, "30 个要面议") == 1);
    settled(&life, 2);
    life.stop();
}

#[test]
#[cfg(unix)]
fn a_program_reads_the_event() {
    let stage = Stage::new();
    let path = stage.folder.path().join("told");
    let part = path.with_extension("part");
    let command = format!(
        "cat > '{0}' && mv '{0}' '{1}'",
        part.display(),
        path.display()
    );
    let rules = format!("[[rule]]\nname = 'r'\nrun = ['sh', '-c', \"\"\"{command}\"\"\"]\n");
    let life = start(&stage, &rules);
    write(&stage, &["$(touch never) `x`"]);
    life.until(|_| path.exists());
    let event: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(event["message"]["content"]["text"], "$(touch never) `x`");
    life.stop();
}

#[test]
fn a_message_that_is_read_or_answered_does_not_wait() {
    let stage = Stage::new();
    let waiting = "[[rule]]\nname = 'late'\nunread_minutes = 0\nanswer = '稍后回复'\n";
    let life = start(&stage, waiting);
    // Marked as read, before the service is asked.
    write(&stage, &["one"]);
    life.until(|_| count(&stage, "稍后回复") == 1);
    life.stop();
    let patient = "[[rule]]\nname = 'late'\nunread_minutes = 600\nanswer = '久等了'\n";
    let life = start(&stage, patient);
    write(&stage, &["two"]);
    settled(&life, 3);
    assert_eq!(count(&stage, "久等了"), 0);
    life.stop();
}

#[test]
fn a_rule_that_fails_disturbs_no_other() {
    let stage = Stage::new();
    let rules = "[[rule]]\nname = 'a'\nrun = ['/no/such/program']\n\
                 [[rule]]\nname = 'b'\nanswer = 'still here'\n";
    let life = start(&stage, rules);
    write(&stage, &["hi"]);
    life.until(|_| count(&stage, "still here") == 1);
    settled(&life, 2);
    let (_, page) = life.page("/metrics");
    assert!(
        page.contains("{rule=\"a\",action=\"run\",result=\"failed\"} 1"),
        "{page}"
    );
    assert!(
        page.contains("{rule=\"b\",action=\"answer\",result=\"done\"} 1"),
        "{page}"
    );
    life.stop();
}

#[test]
fn an_answer_that_the_limits_withhold_is_counted() {
    let stage = Stage::new();
    let life = start(
        &stage,
        "[[rule]]\nname = 'r'\nanswer = '收到 {text}'\nevery_minutes = 0\n",
    );
    for number in 0..12 {
        write(&stage, &[&format!("a{number}")]);
    }
    let counted = |result, count| {
        let line = format!("{{rule=\"r\",action=\"answer\",result=\"{result}\"}} {count}\n");
        life.until(|life| life.page("/metrics").1.contains(&line));
    };
    counted("done", 10);
    counted("limited", 2);
    assert_eq!(count(&stage, "收到"), 10);
    life.stop();
}

#[test]
fn an_answer_waits_for_an_account_that_is_held() {
    let stage = Stage::new();
    start(&stage, PRICES).kill();
    // As if it was told just before the process died.
    let mut queue = queue(&stage);
    let text = "30 个多少钱";
    let event = json!({
        "event": "message",
        "direction": "incoming",
        "by_a_person": true,
        "talker": to(FRIEND),
        "message": {
            "sender_uid": FRIEND.to_string(),
            "msg_seqno": "1",
            "timestamp": clock(),
            "content": { "type": "text", "text": text, "summary": text },
        },
    });
    let id = bili_im_reqwest::now().unix.0;
    let talker = Some(Talker::User(Uid(FRIEND)));
    queue.push(id, talker, &event.to_string(), None).unwrap();
    drop(queue);
    let life = Life::empty(quick(), |_| {});
    let login = stage.login(None);
    life.add(stage.setup(MAIN, login.clone()));
    life.until(|life| life.state(MAIN) == "held");
    set(&life, PRICES);
    life.until(|life| life.page("/metrics").1.contains("consumer=\"rules\"} 0"));
    assert_eq!(count(&stage, "个要面议"), 0);
    login.set(demo_login());
    life.done("accounts.restart", json!({}));
    life.until(|_| count(&stage, "30 个要面议") == 1);
    settled(&life, 2);
    life.stop();
}

#[test]
fn what_came_while_there_were_no_rules_is_not_answered_later() {
    let stage = Stage::new();
    let life = start(&stage, PRICES);
    set(&life, "");
    life.until(|life| !life.page("/metrics").1.contains("consumer=\"rules\""));
    write(&stage, &["30 个多少钱"]);
    life.until(|life| {
        life.page("/metrics")
            .1
            .contains("events_total{account=\"main\"} 1")
    });
    set(&life, PRICES);
    life.until(|life| life.page("/metrics").1.contains("consumer=\"rules\"} 0"));
    stage.live.write(STRANGER, "50 个多少钱");
    life.until(|_| count(&stage, "50 个要面议") == 1);
    assert_eq!(count(&stage, "50 个要面议"), 1);
    assert_eq!(count(&stage, "30 个要面议"), 0);
    life.stop();
}

#[test]
fn many_answers_at_once_all_arrive() {
    let stage = Stage::new();
    let rules = "[[rule]]\nname = 'r'\nanswer = '收到 {text}'\nevery_minutes = 0\n";
    let mut limits = quick();
    // Fewer than there are answers.
    limits.sends = 2;
    let life = stage.start_with(limits, |_| {});
    set(&life, rules);
    life.until(|life| life.page("/metrics").1.contains("consumer=\"rules\"} 0"));
    for number in 0..5 {
        stage.live.write(FRIEND, &format!("a{number}"));
        stage.live.write(STRANGER, &format!("b{number}"));
    }
    life.until(|_| count(&stage, "收到") == 10);
    life.stop();
}

#[test]
fn nothing_is_done_because_of_a_message_that_was_recalled_meanwhile() {
    let stage = Stage::new();
    start(&stage, PRICES).kill();
    let mut queue = queue(&stage);
    let id = bili_im_reqwest::now().unix.0;
    let event = json!({
        "event": "message",
        "direction": "incoming",
        "by_a_person": true,
        "talker": to(FRIEND),
        "message": { "content": { "type": "recalled", "summary": "recalled" } },
    });
    queue.push(id, None, &event.to_string(), None).unwrap();
    let run = RuleRun {
        rule: "prices".to_owned(),
        event: id,
        person: Uid(FRIEND),
        time: clock(),
        answer: Some(String::new()),
    };
    queue.begin_rule_runs(&[run]).unwrap();
    drop(queue);
    let life = start(&stage, PRICES);
    stage.live.write(STRANGER, "50 个多少钱");
    life.until(|_| count(&stage, "50 个要面议") == 1);
    assert_eq!(count(&stage, "要面议"), 1);
    assert!(!life.page("/metrics").1.contains("result=\"failed\""));
    life.stop();
}

#[test]
#[cfg(unix)]
fn programs_that_were_decided_long_ago_all_run() {
    let stage = Stage::new();
    let path = stage.folder.path().join("runs");
    let rules = format!(
        "[[rule]]\nname = 'r'\nrun = ['sh', '-c', \"sleep 0.2; echo >> '{}'\"]\n",
        path.display()
    );
    start(&stage, &rules).kill();
    let mut queue = queue(&stage);
    let text = "hi";
    for _ in 0..5 {
        let id = bili_im_reqwest::now().unix.0;
        let event = json!({
            "event": "message",
            "talker": to(FRIEND),
            "message": { "content": { "type": "text", "text": text, "summary": text } },
        });
        queue.push(id, None, &event.to_string(), None).unwrap();
        let run = RuleRun {
            rule: "r".to_owned(),
            event: id,
            person: Uid(FRIEND),
            // Longer ago than answers are fresh.
            time: clock() - 3600,
            answer: None,
        };
        queue.begin_rule_runs(&[run]).unwrap();
    }
    drop(queue);
    let life = start(&stage, &rules);
    life.until(|_| fs::read_to_string(&path).is_ok_and(|runs| runs.lines().count() == 5));
    life.stop();
}

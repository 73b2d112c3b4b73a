//! Rules.

use std::{fs, path::Path};

use bili_im_serve::Outlets;
use serde_json::{Value, json};

use crate::{
    events::write,
    stage::{FRIEND, Life, Stage, count, limits, to},
};

fn set(life: &Life, text: &str) {
    let rules = Outlets::parse(text, Path::new(".")).unwrap();
    life.wait(async { life.core.set_outlets(rules) });
}

fn start(stage: &Stage, text: &str) -> Life {
    let mut limits = limits();
    limits.outlets.look = std::time::Duration::from_millis(50);
    let life = stage.start_with(limits, |_| {});
    set(&life, text);
    // The consumer begins now.
    life.until(|life| life.page("/metrics").1.contains("consumer=\"rules\"} 0"));
    life
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
    write(&stage, &["$(touch /tmp/never) `x`"]);
    life.until(|_| path.exists());
    let event: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        event["message"]["content"]["text"],
        "$(touch /tmp/never) `x`"
    );
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

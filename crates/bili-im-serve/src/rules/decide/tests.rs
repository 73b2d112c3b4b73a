use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::rules::testing::{NOON, message, rules};

fn rule(conditions: &str) -> Vec<Rule> {
    rules(&format!(
        "[[rule]]\nname = 'r'\nanswer = '收到'\n{conditions}"
    ))
}

/// Whether a rule runs because of an event, and answers.
fn runs(rules: &[Rule], json: &Value, past: &[RuleRun]) -> Option<bool> {
    let facts = Facts::of(json, 1, NOON + 1)?;
    let runs = decide(rules, &facts, past, false);
    runs.first().map(|run| run.answer.is_some())
}

fn run(event: u64, ago: u64, answer: Option<&str>) -> RuleRun {
    RuleRun {
        rule: "r".to_owned(),
        event,
        person: Uid(7),
        time: NOON - ago,
        answer: answer.map(str::to_owned),
    }
}

#[test]
fn all_conditions_must_hold() {
    let group = |mut json: Value| {
        json["talker"] = json!({ "group": "9" });
        json
    };
    for (conditions, json, holds) in [
        ("", message("hi"), true),
        ("keywords = ['价格', 'PRICE']", message("What price?"), true),
        ("keywords = ['价格']", message("报价"), false),
        ("regex = '^(\\d+) 元'", message("30 元"), true),
        ("regex = '^(\\d+) 元'", message("三十元"), false),
        ("people = [7]", message("hi"), true),
        ("people = [8]", message("hi"), false),
        ("accounts = ['other']", message("hi"), false),
        ("talkers = ['user:7']", message("hi"), true),
        ("talkers = ['user:8']", message("hi"), false),
        ("types = ['image']", message("hi"), false),
        ("types = ['text']", message("hi"), true),
        ("first = true", message("hi"), false),
        ("hours = '00:00-00:00'", message("hi"), true),
        ("unread_minutes = 5", message("hi"), false),
        // Groups only by name.
        ("", group(message("hi")), false),
        ("talkers = ['group:9']", group(message("hi")), true),
    ] {
        assert_eq!(
            runs(&rule(conditions), &json, &[]).is_some(),
            holds,
            "{conditions}"
        );
    }
}

#[test]
fn own_and_automatic_messages_and_other_events_run_nothing() {
    let any = rule("");
    for (field, value) in [
        ("direction", json!("own")),
        ("direction", json!("sent")),
        ("by_a_person", json!(false)),
        ("event", json!("recalled")),
    ] {
        let mut json = message("hi");
        json[field] = value;
        assert_eq!(runs(&any, &json, &[]), None, "{json}");
    }
    assert_eq!(runs(&any, &json!({}), &[]), None);
}

#[test]
fn a_person_is_answered_once_an_hour_and_so_often_a_day() {
    let usual = rule("");
    assert_eq!(runs(&usual, &message("hi"), &[run(9, 3500, None)]), None);
    assert_eq!(
        runs(&usual, &message("hi"), &[run(9, 3600, None)]),
        Some(true)
    );
    // The same event again.
    assert_eq!(
        runs(&usual, &message("hi"), &[run(1, 10, None)]),
        Some(true)
    );
    let often = rule("every_minutes = 0\nper_day = 2");
    let past = [run(8, 10, None), run(9, 10, None)];
    assert_eq!(runs(&often, &message("hi"), &past[..1]), Some(true));
    assert_eq!(runs(&often, &message("hi"), &past), None);
}

#[test]
fn an_echo_and_the_eleventh_answer_in_an_hour_are_not_answered() {
    let rule = rule("every_minutes = 0\nper_day = 1000");
    let past = [run(9, 10_000, Some("收到"))];
    assert_eq!(runs(&rule, &message("收到"), &past), Some(false));
    let past: Vec<RuleRun> = (0..10).map(|nth| run(10 + nth, 60, Some("好"))).collect();
    assert_eq!(runs(&rule, &message("hi"), &past[1..]), Some(true));
    assert_eq!(runs(&rule, &message("hi"), &past), Some(false));
}

#[test]
fn an_old_message_is_not_answered() {
    let facts = message("hi");
    let facts = Facts::of(&facts, 1, NOON + 601).unwrap();
    let rule = rule("");
    let runs = decide(&rule, &facts, &[], false);
    assert_eq!(runs[0].answer, None);
}

#[test]
fn two_bots_that_answer_each_other_end() {
    let rules = rule("every_minutes = 0\nper_day = 100000");
    let mut past = Vec::new();
    let mut answered = 0;
    for event in 0..1000 {
        let json = message(&format!("{event}"));
        let mut facts = Facts::of(&json, event, NOON + event).unwrap();
        facts.written = facts.now;
        for decided in decide(&rules, &facts, &past, false) {
            answered += usize::from(decided.answer.is_some());
            past.push(RuleRun {
                time: facts.now,
                ..run(event, 0, decided.answer.map(|_| "x"))
            });
        }
    }
    assert_eq!(answered, 10);
}

proptest! {
    #[test]
    fn the_limits_hold_whatever_comes(
        steps in proptest::collection::vec((0_u64..7200, 0_u64..3, 0_u64..2), 1..60),
        every in 0_u64..120,
        per_day in 0_u64..5,
    ) {
        let rules = rule(&format!("every_minutes = {every}\nper_day = {per_day}"));
        let (mut now, mut past): (u64, Vec<RuleRun>) = (NOON, Vec::new());
        for (nth, (pause, person, repeated)) in steps.into_iter().enumerate() {
            now += pause;
            // Some events come again.
            let event = if repeated == 1 { nth / 2 } else { nth } as u64;
            let mut json = message("hi");
            json["message"]["sender_uid"] = json!(person.to_string());
            json["message"]["timestamp"] = json!(now);
            let facts = Facts::of(&json, event, now).unwrap();
            let known: Vec<RuleRun> = past
                .iter()
                .filter(|run| run.person == facts.person && run.time > now.saturating_sub(DAY))
                .cloned()
                .collect();
            if let Some(decided) = decide(&rules, &facts, &known, false).first()
                && !past.iter().any(|run| run.event == event && run.person == facts.person)
            {
                past.push(RuleRun {
                    rule: decided.rule.clone(),
                    event,
                    person: facts.person,
                    time: now,
                    answer: None,
                });
            }
        }
        for run in &past {
            let before = past.iter().filter(|one| {
                one.person == run.person && one.time <= run.time && one.event != run.event
            });
            let since = |seconds: u64| {
                let count = before.clone().filter(|one| one.time > run.time.saturating_sub(seconds));
                count.count() as u64
            };
            prop_assert!(since(DAY) < per_day.max(1));
            prop_assert!(every == 0 || since(every * 60) == 0);
        }
    }
}

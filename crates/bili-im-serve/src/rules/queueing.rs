//! Decides about messages, and stores in the queue of an account what is to be done.

use std::sync::Arc;

use bili_im_archive::{ArchiveError, Queue, RuleWait};
use bili_im_proto::{Seqno, Talker};
use serde_json::Value;

use super::{
    decide::{Facts, decide},
    rule::Rule,
};
use crate::{clock::now, outlets::said};

/// The account's user has written, so has read what was there. What a rule or an automatic reply
/// has written says nothing about that.
pub(super) fn end_waits(queue: &mut Queue, json: &Value) -> Result<bool, ArchiveError> {
    let talker = json.get("talker").cloned();
    let talker: Option<Talker> = talker.and_then(|talker| serde_json::from_value(talker).ok());
    let by_a_person = json.get("by_a_person").and_then(Value::as_bool);
    if let Some(talker) = talker.filter(|_| by_a_person == Some(true))
        && !queue.is_rule_answer(said(json))?
    {
        queue.end_rule_waits(talker, None, None)?;
    }
    Ok(false)
}

pub(super) fn incoming(
    queue: &mut Queue,
    rules: &[Arc<Rule>],
    json: &Value,
    id: u64,
) -> Result<bool, ArchiveError> {
    let Some(mut facts) = Facts::of(json, id, now()) else {
        return Ok(false);
    };
    if rules.iter().any(|rule| rule.when.is_first) {
        facts.is_first = queue.is_first(facts.talker, facts.person, facts.seqno)?;
    }
    for rule in rules {
        if let Some(seconds) = rule.when.unread.filter(|_| rule.matches(&facts)) {
            let wait = RuleWait {
                rule: rule.name.clone(),
                talker: facts.talker,
                seqno: facts.seqno,
                event: facts.event,
            };
            queue.begin_rule_wait(&wait, facts.written.saturating_add(seconds))?;
        }
    }
    begin_runs(queue, rules.iter().map(|rule| &**rule), &facts, false)
}

/// Stores what rules are to do. Returns whether it is anything.
fn begin_runs<'a>(
    queue: &mut Queue,
    rules: impl IntoIterator<Item = &'a Rule>,
    facts: &Facts<'_>,
    is_unread: bool,
) -> Result<bool, ArchiveError> {
    let past = queue.rule_runs(facts.person)?;
    let runs = decide(rules, facts, &past, is_unread);
    if !runs.is_empty() {
        queue.begin_rule_runs(&runs)?;
    }
    Ok(!runs.is_empty())
}

/// A message was waited for, and everything up to `read` was read.
pub(super) fn looked_at(
    queue: &mut Queue,
    wait: &RuleWait,
    read: Option<Seqno>,
    rule: Option<&Rule>,
    json: Option<&Value>,
) -> Result<(), ArchiveError> {
    queue.end_rule_waits(wait.talker, read, None)?;
    if !queue.is_waiting(wait)? {
        return Ok(());
    }
    let mut has_begun = false;
    if let (Some(rule), Some(json)) = (rule, json)
        && let Some(mut facts) = Facts::of(json, wait.event, now())
    {
        facts.is_first = queue.is_first(facts.talker, facts.person, facts.seqno)?;
        has_begun = begin_runs(queue, [rule], &facts, true)?;
    }
    // Later messages of the same person need nothing more. In a group they are of many.
    let upto = match (has_begun, wait.talker) {
        (true, Talker::User(_)) => None,
        _ => Some(wait.seqno),
    };
    queue.end_rule_waits(wait.talker, upto, Some(&wait.rule))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::testing::{NOON, message, queue, rules};

    fn shared(text: &str) -> Vec<Arc<Rule>> {
        rules(text).into_iter().map(Arc::new).collect()
    }

    #[test]
    fn only_the_user_ends_the_wait_for_an_answer() {
        let (mut queue, _folder) = queue(|| NOON + 3600);
        let rules = shared(
            "[[rule]]\nname = 'late'\nunread_minutes = 60\ntag = 'late'\n\
             [[rule]]\nname = 'quick'\nanswer = '在忙'\n",
        );
        assert!(incoming(&mut queue, &rules, &message("hi"), 1).unwrap());
        queue.keep_rule_answer("quick", 1, "在忙").unwrap();
        let waits = |queue: &Queue| queue.due_rule_waits(9).unwrap().len();
        for (text, by_a_person, left) in [("在忙", true, 1), ("你好", false, 1), ("你好", true, 0)]
        {
            let mut own = message(text);
            own["direction"] = json!("own");
            own["by_a_person"] = json!(by_a_person);
            end_waits(&mut queue, &own).unwrap();
            assert_eq!(waits(&queue), left, "{text}");
        }
    }

    #[test]
    fn each_message_waits_until_it_is_read_itself() {
        let (mut queue, _folder) = queue(|| NOON + 3600);
        let rules = shared("[[rule]]\nname = 'late'\nunread_minutes = 60\ntag = 'late'\n");
        for (event, seqno) in [(1, "3"), (2, "4")] {
            let mut message = message("hi");
            message["message"]["msg_seqno"] = json!(seqno);
            incoming(&mut queue, &rules, &message, event).unwrap();
        }
        let talker = Talker::user(7);
        let waits = queue.due_rule_waits(9).unwrap();
        queue.end_rule_waits(talker, Some(Seqno(3)), None).unwrap();
        let is_waiting = |wait: &RuleWait| queue.is_waiting(wait).unwrap();
        assert_eq!(
            (is_waiting(&waits[0]), is_waiting(&waits[1])),
            (false, true)
        );
    }

    #[test]
    fn a_message_that_was_read_ends_only_its_own_wait() {
        let (mut queue, _folder) = queue(now);
        let rules = rules("[[rule]]\nname = 'late'\nunread_minutes = 30\ntag = 'late'\n");
        let wait = |seqno: u64| RuleWait {
            rule: "late".to_owned(),
            talker: Talker::user(7),
            seqno: Seqno(seqno),
            event: seqno,
        };
        for seqno in [3, 4, 5] {
            queue.begin_rule_wait(&wait(seqno), 0).unwrap();
        }
        let event = message("hi");
        let mut looked = |seqno, read| {
            looked_at(&mut queue, &wait(seqno), read, rules.first(), Some(&event)).unwrap();
            let waits = queue.due_rule_waits(9).unwrap().len();
            (waits, queue.open_rule_runs(9).unwrap().len())
        };
        // The first was read, and the others were not.
        assert_eq!(looked(3, Some(Seqno(3))), (2, 0));
        assert_eq!(looked(4, Some(Seqno(3))), (0, 1));
        // What is no longer waited for changes nothing.
        assert_eq!(looked(5, Some(Seqno(3))), (0, 1));
        // It ran for this person just now: a later message still has its chance.
        for seqno in [6, 7] {
            queue.begin_rule_wait(&wait(seqno), 0).unwrap();
        }
        looked_at(
            &mut queue,
            &wait(6),
            Some(Seqno(3)),
            rules.first(),
            Some(&event),
        )
        .unwrap();
        assert_eq!(queue.due_rule_waits(9).unwrap(), [wait(7)]);
        assert_eq!(queue.open_rule_runs(9).unwrap().len(), 1);
        // The service refuses to say: later.
        queue
            .put_off_rule_waits(Talker::user(7), "late", now() + 60)
            .unwrap();
        assert_eq!(queue.due_rule_waits(9).unwrap(), []);
    }
}

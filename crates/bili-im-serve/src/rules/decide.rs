//! Which rules run because of a message. Pure: what was done before is an input.

use bili_im_archive::RuleRun;
use bili_im_proto::{Seqno, Talker, Uid};
use serde_json::Value;

use super::rule::{Rule, type_word};
use crate::outlets::{said, text};

/// How many answers a person gets in an hour, from all rules together.
const ANSWERS: usize = 10;

const HOUR: u64 = 3600;
const DAY: u64 = 86_400;

/// An event older than this is not answered, in seconds.
pub(super) const FRESH: u64 = 600;

/// A message that rules may run because of.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) event: u64,
    pub(super) account: &'a str,
    pub(super) talker: Talker,
    pub(super) person: Uid,
    pub(super) seqno: Seqno,
    pub(super) text: &'a str,
    kind: &'a str,
    /// When it was written, in seconds since 1970.
    pub(super) written: u64,
    /// What it is now, in seconds since 1970.
    pub(super) now: u64,
    /// Whether the person has written nothing before.
    pub(super) is_first: bool,
}

impl<'a> Facts<'a> {
    /// The facts of an event (the program's JSON); `None` for what no rule runs because of: other
    /// events, own messages and automatic ones.
    pub(super) fn of(json: &'a Value, event: u64, now: u64) -> Option<Self> {
        let by_a_person = json.get("by_a_person").and_then(Value::as_bool) == Some(true);
        let is_incoming = text(json, "/direction") == "incoming";
        if text(json, "/event") != "message" || !is_incoming || !by_a_person {
            return None;
        }
        let message = json.get("message")?;
        let number = |name| match message.get(name)? {
            Value::String(digits) => digits.parse().ok(),
            value => value.as_u64(),
        };
        Some(Self {
            event,
            account: text(json, "/account"),
            talker: serde_json::from_value(json.get("talker")?.clone()).ok()?,
            person: Uid(number("sender_uid")?),
            seqno: Seqno(number("msg_seqno").unwrap_or_default()),
            text: said(json),
            kind: type_word(message.get("content")?),
            written: number("timestamp").unwrap_or_default(),
            now,
            is_first: false,
        })
    }
}

/// The rules that run; `answer` is empty in those that answer. `past` is what they have done
/// because of this person within a day. With `is_unread`, those that wait for unread messages, and
/// no others.
pub(super) fn decide<'a>(
    rules: impl IntoIterator<Item = &'a Rule>,
    facts: &Facts<'_>,
    past: &[RuleRun],
    is_unread: bool,
) -> Vec<RuleRun> {
    let past = past.iter().filter(|run| run.event != facts.event);
    let mut past: Vec<(&str, u64, Option<&str>)> = past
        .map(|run| (run.rule.as_str(), run.time, run.answer.as_deref()))
        .collect();
    let is_echo = |answer: Option<&str>| !facts.text.is_empty() && answer == Some(facts.text);
    let echoes = past.iter().any(|(_, _, answer)| is_echo(*answer));
    let mut runs = Vec::new();
    for rule in rules {
        let may_run = rule.when.unread.is_some() == is_unread && rule.is_allowed(facts, &past);
        if !may_run || !rule.matches(facts) {
            continue;
        }
        let since = facts.now.saturating_sub(HOUR);
        let answered = past.iter();
        let answered = answered.filter(|(_, time, answer)| answer.is_some() && *time > since);
        let is_fresh = is_unread || facts.now.saturating_sub(facts.written) <= FRESH;
        let answers =
            rule.then.answer.is_some() && is_fresh && !echoes && answered.count() < ANSWERS;
        if answers {
            past.push((&rule.name, facts.now, Some("")));
        }
        runs.push(RuleRun {
            rule: rule.name.clone(),
            event: facts.event,
            person: facts.person,
            time: facts.now,
            answer: answers.then(String::new),
        });
    }
    runs
}

impl Rule {
    /// Whether it has not run too often because of this person.
    fn is_allowed(&self, facts: &Facts<'_>, past: &[(&str, u64, Option<&str>)]) -> bool {
        let runs = past.iter().filter(|(rule, ..)| *rule == self.name);
        let within = |seconds: u64| {
            let since = facts.now.saturating_sub(seconds);
            runs.clone().filter(move |(_, time, _)| *time > since)
        };
        let today = u64::try_from(within(DAY).count()).unwrap_or(u64::MAX);
        within(self.every).next().is_none() && today < self.per_day
    }

    /// Whether all of its conditions hold.
    pub(super) fn matches(&self, facts: &Facts<'_>) -> bool {
        let when = &self.when;
        let names_group = || when.rights.talkers.is_some();
        let holds = when.rights.account(facts.account)
            && when.rights.talker(Some(facts.talker))
            && (matches!(facts.talker, Talker::User(_)) || names_group())
            && (when.people.is_empty() || when.people.contains(&facts.person.0))
            && (when.types.is_empty() || when.types.iter().any(|word| word == facts.kind))
            && (facts.is_first || !when.is_first)
            && when.hours.is_none_or(|hours| hours.contain(facts.written));
        let has_keyword = || {
            let text = facts.text.to_lowercase();
            when.keywords.is_empty() || when.keywords.iter().any(|word| text.contains(word))
        };
        holds && has_keyword() && self.groups(facts.text).is_some()
    }

    /// The groups of its regular expression; `None` when a text does not match it.
    pub(super) fn groups<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let Some(regex) = &self.when.regex else {
            return Some(Vec::new());
        };
        let groups = regex.captures(text)?;
        let groups = groups.iter().skip(1);
        Some(
            groups
                .map(|group| group.map_or("", |group| group.as_str()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests;

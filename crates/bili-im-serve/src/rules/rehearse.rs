//! Tries rules on messages of the past. Nothing is done.

use std::collections::BTreeSet;

use bili_im_archive::RuleRun;
use bili_im_proto::{Talker, Uid};
use serde::Serialize;
use serde_json::Value;

use super::decide::{Facts, decide};
use crate::outlets::Outlets;

/// Rules that are tried on messages of the past, one after another.
#[derive(Debug)]
pub struct Rehearsal {
    outlets: Outlets,
    past: Vec<RuleRun>,
    known: BTreeSet<(Talker, Uid)>,
    count: u64,
}

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rehearsed {
    /// The rule's name.
    pub rule: String,
    /// Whether it would have answered.
    pub answers: bool,
    /// Whether only if the message had stayed unread: the archive does not know that.
    pub if_unread: bool,
}

impl Rehearsal {
    /// With the rules of a configuration.
    pub fn new(outlets: Outlets) -> Self {
        Self {
            outlets,
            past: Vec::new(),
            known: BTreeSet::new(),
            count: 0,
        }
    }

    /// What the rules would have done because of a message, the program's JSON of its event, at its
    /// own time. Messages come in the order of their times.
    pub fn next(&mut self, event: &Value) -> Vec<Rehearsed> {
        self.count += 1;
        let written = event.pointer("/message/timestamp").and_then(Value::as_u64);
        let Some(mut facts) = Facts::of(event, self.count, written.unwrap_or_default()) else {
            return Vec::new();
        };
        facts.is_first = self.known.insert((facts.talker, facts.person));
        let person = facts.person;
        let past: Vec<RuleRun> = self
            .past
            .iter()
            .filter(|run| run.person == person)
            .cloned()
            .collect();
        let mut done = Vec::new();
        for is_unread in [false, true] {
            for run in decide(&self.outlets.rules, &facts, &past, is_unread) {
                done.push(Rehearsed {
                    rule: run.rule.clone(),
                    answers: run.answer.is_some(),
                    if_unread: is_unread,
                });
                self.past.push(run);
            }
        }
        done
    }
}

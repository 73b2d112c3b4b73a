//! Tries rules on messages of the past. Nothing is done.

use std::collections::BTreeSet;

use bili_im_archive::RuleRun;
use bili_im_proto::Uid;
use serde_json::Value;

use super::decide::{Facts, decide};
use crate::outlets::Outlets;

/// Rules that are tried on messages of the past, one after another.
#[derive(Debug)]
pub struct Rehearsal {
    outlets: Outlets,
    past: Vec<RuleRun>,
    known: BTreeSet<Uid>,
    count: u64,
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
    /// own time: the rules' names and whether they would have answered.
    pub fn next(&mut self, event: &Value) -> Vec<(String, bool)> {
        self.count += 1;
        let written = event.pointer("/message/timestamp").and_then(Value::as_u64);
        let Some(mut facts) = Facts::of(event, self.count, written.unwrap_or_default()) else {
            return Vec::new();
        };
        facts.is_first = self.known.insert(facts.person);
        let person = facts.person;
        let past: Vec<RuleRun> = self
            .past
            .iter()
            .filter(|run| run.person == person)
            .cloned()
            .collect();
        let mut done = Vec::new();
        for is_unread in [false, true] {
            for firing in decide(&self.outlets.rules, &facts, &past, is_unread) {
                self.past.push(RuleRun {
                    rule: firing.rule.name.clone(),
                    event: facts.event,
                    person,
                    time: facts.now,
                    answer: firing.answers.then(String::new),
                });
                done.push((firing.rule.name.clone(), firing.answers));
            }
        }
        done
    }
}

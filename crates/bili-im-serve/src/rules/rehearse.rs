//! Tries rules on messages of the past. Nothing is done.

use std::collections::BTreeSet;

use bili_im_archive::RuleRun;
use bili_im_proto::{Talker, Uid};
use serde::Serialize;
use serde_json::Value;

use super::{
    decide::{Facts, decide},
    rule::Rule,
};

/// Rules that are tried on messages of the past, one after another.
#[derive(Debug)]
pub struct Rehearsal {
    rules: Vec<Rule>,
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
    /// What it would have answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whom it would have notified: the name of a `[[notify]]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<String>,
    /// The text of that notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_text: Option<String>,
    /// Whether only if the message had stayed unread: the archive does not know that.
    pub if_unread: bool,
}

impl Rehearsal {
    pub(crate) fn of(rules: Vec<Rule>) -> Self {
        Self {
            rules,
            past: Vec::new(),
            known: BTreeSet::new(),
            count: 0,
        }
    }

    /// What the rules would have done because of a message, the program's JSON of its event, at its
    /// own time. `sender` is the name of who wrote it. Messages come in the order of their times.
    pub fn next(&mut self, event: &Value, sender: &str) -> Vec<Rehearsed> {
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
            for mut run in decide(&self.rules, &facts, &past, is_unread) {
                let mut rules = self.rules.iter();
                let Some(rule) = rules.find(|rule| rule.name == run.rule) else {
                    continue;
                };
                run.answer = run.answer.and_then(|_| rule.answer(event, sender));
                let notify = rule.notifies().map(str::to_owned);
                let notify_text = notify.as_ref().map(|_| rule.notification(event, sender));
                done.push(Rehearsed {
                    rule: run.rule.clone(),
                    answer: run.answer.clone(),
                    notify,
                    notify_text,
                    if_unread: is_unread,
                });
                self.past.push(run);
            }
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{config_file::Outlets, rules::testing::message};

    #[test]
    fn what_would_be_sent_is_told_and_its_echo_is_not_answered() {
        let text = "[[notify]]\nname = 'phone'\nto = 'bark'\nkey = 'k'\n\
                    [[rule]]\nname = 'r'\nregex = '(\\d+) 个'\nanswer = '{sender}，{1} 个'\n\
                    notify = 'phone'\nevery_minutes = 0\n";
        let mut rehearsal = Rehearsal::new(Outlets::parse(text, Path::new(".")).unwrap());
        let mut said = |text: &str| {
            let runs = rehearsal.next(&message(text), "小明");
            (runs[0].answer.clone(), runs[0].notify_text.clone())
        };
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(said("要 3 个"), (told("小明，3 个"), told("要 3 个")));
        assert_eq!(said("小明，3 个"), (None, told("小明，3 个")));
    }
}

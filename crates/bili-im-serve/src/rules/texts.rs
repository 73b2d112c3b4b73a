//! What rules say because of a message.

use serde_json::Value;

use super::rule::Rule;
use crate::outlets::{Template, cut, said, value};

/// The most bytes of an answer. The service takes 2,000 of its JSON.
const ANSWER: usize = 1_500;

impl Rule {
    /// What it answers to a message (the program's JSON of its event), if it answers.
    pub(super) fn answer(&self, json: &Value, sender: &str) -> Option<String> {
        let answer = self.then.answer.as_ref()?;
        Some(cut(&self.fill(answer, json, sender), ANSWER))
    }

    /// The text of its notification.
    pub(super) fn notification(&self, json: &Value, sender: &str) -> String {
        match &self.then.notify_text {
            Some(text) => self.fill(text, json, sender),
            None => said(json).to_owned(),
        }
    }

    fn fill(&self, template: &Template, json: &Value, sender: &str) -> String {
        let groups = self.groups(said(json)).unwrap_or_default();
        template.fill(|name| match name.parse::<usize>() {
            Ok(number) => {
                let group = groups.get(number.saturating_sub(1));
                group.map_or_else(String::new, |group| (*group).to_owned())
            }
            Err(_) => value(name, json, sender),
        })
    }
}

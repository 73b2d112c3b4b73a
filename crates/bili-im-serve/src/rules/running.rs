//! The rules that run.

use std::sync::{Arc, Mutex};

use tokio::task::AbortHandle;

use super::rule::Rule;
use crate::lock::lock;

/// The name of the consumer.
pub(crate) const CONSUMER: &str = "rules";

/// The rules that run.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// `None` until they are set.
    pub(super) rules: Mutex<Option<Arc<[Arc<Rule>]>>>,
    pub(super) task: Mutex<Option<AbortHandle>>,
}

impl Rules {
    /// Whether it was said that there are none.
    pub(crate) fn are_none(&self) -> bool {
        lock(&self.rules)
            .as_ref()
            .is_some_and(|rules| rules.is_empty())
    }

    /// The rule of this name.
    pub(super) fn named(&self, name: &str) -> Option<Arc<Rule>> {
        let rules = self.now();
        rules.iter().find(|rule| rule.name == name).cloned()
    }

    pub(super) fn now(&self) -> Arc<[Arc<Rule>]> {
        lock(&self.rules).clone().unwrap_or_default()
    }
}

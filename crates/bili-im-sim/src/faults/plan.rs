//! The faults that are set, and the choice of those that fire.

use serde::Serialize;

use super::{Rule, When};
use crate::chance::Chance;

/// A fault that is set, with its counts.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RuleState {
    /// The fault.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many requests matched it.
    pub seen: u64,
    /// How often it fired.
    pub fired: u64,
}

/// All faults that are set, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan(Vec<RuleState>);

impl Plan {
    pub(crate) fn add(&mut self, rule: Rule) {
        self.0.push(RuleState {
            rule,
            seen: 0,
            fired: 0,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn rules(&self) -> &[RuleState] {
        &self.0
    }

    /// Counts a request to `path`, and returns the faults that fire for it.
    pub(crate) fn fire(&mut self, path: &str, chance: &mut Chance) -> Vec<Rule> {
        let mut fired = Vec::new();
        let matching = self.0.iter_mut();
        for state in matching.filter(|state| state.rule.what.matches(path)) {
            state.seen += 1;
            let hits = match state.rule.when {
                When::Once => state.seen == 1,
                When::Always => true,
                When::Nth(nth) => state.seen == nth,
                When::First(count) => state.seen <= count,
                When::Chance(probability) => chance.hits(probability),
            };
            if hits {
                state.fired += 1;
                fired.push(state.rule.clone());
            }
        }
        fired
    }
}

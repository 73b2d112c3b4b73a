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

impl From<Rule> for RuleState {
    fn from(rule: Rule) -> Self {
        let (seen, fired) = (0, 0);
        Self { rule, seen, fired }
    }
}

/// Counts a request to `path`, and returns the faults that fire for it, in the order of `faults`.
pub(crate) fn fire(faults: &mut [RuleState], path: &str, chance: &mut Chance) -> Vec<Rule> {
    let matching = faults.iter_mut();
    let matching = matching.filter(|state| state.rule.what.matches(path));
    let fire = |state: &mut RuleState| {
        state.seen += 1;
        let fires = match state.rule.when {
            When::Once => state.seen == 1,
            When::Always => true,
            When::Nth(nth) => state.seen == nth,
            When::First(count) => state.seen <= count,
            When::Chance(probability) => chance.hits(probability),
        };
        state.fired += u64::from(fires);
        fires.then(|| state.rule.clone())
    };
    matching.filter_map(fire).collect()
}

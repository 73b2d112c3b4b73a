//! Counts of the requests to each endpoint.

use std::collections::BTreeMap;

use serde::Serialize;

/// How often one endpoint was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Count {
    /// All requests.
    pub requests: u64,
    /// Those that the service refused.
    pub refused: u64,
    /// Those whose answer a fault replaced.
    pub disturbed: u64,
}

/// The counts by path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters(BTreeMap<&'static str, Count>);

impl Counters {
    pub(crate) fn of(&mut self, path: &'static str) -> &mut Count {
        self.0.entry(path).or_default()
    }

    pub(crate) fn all(&self) -> &BTreeMap<&'static str, Count> {
        &self.0
    }
}

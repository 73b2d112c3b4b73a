//! The counts of an archive.

use std::collections::BTreeMap;

use bili_im_archive::{Count, Stats, TalkerStats, Waits};
use bili_im_proto::{Talker, UnixSeconds};
use schemars::JsonSchema;
use serde::Serialize;

/// The counts of an archive.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatsJson {
    /// All messages.
    #[serde(flatten)]
    pub count: CountJson,
    /// All answers.
    pub waits: WaitsJson,
    /// How many users and groups there are.
    pub talkers_in_all: usize,
    /// Those with the most messages.
    pub talkers: Vec<TalkerJson>,
    /// By the hour of the day.
    pub hours: Vec<CountJson>,
    /// By month, such as `2026-11`.
    pub months: BTreeMap<String, CountJson>,
}

/// How many messages there are.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct CountJson {
    /// From others.
    pub received: u64,
    /// The account's own.
    pub written: u64,
}

/// The times from a message to its answer, in seconds.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct WaitsJson {
    /// How many answers there are.
    pub answers: u64,
    /// Half of them were quicker; null without answers.
    pub median: Option<u64>,
    /// Nine of ten were quicker; null without answers.
    pub percentile_90: Option<u64>,
}

/// The counts of a conversation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TalkerJson {
    /// With whom.
    pub talker: Talker,
    /// The name.
    pub name: String,
    /// Its messages.
    #[serde(flatten)]
    pub count: CountJson,
    first: UnixSeconds,
    last: UnixSeconds,
    /// Its answers.
    pub waits: WaitsJson,
}

impl StatsJson {
    /// The counts, with those of the `top` conversations.
    pub fn new(stats: Stats, top: usize) -> Self {
        let talkers_in_all = stats.talkers.len();
        let talkers = stats.talkers.into_iter().take(top);
        let months = stats.months.into_iter();
        Self {
            count: stats.count.into(),
            waits: stats.waits.into(),
            talkers_in_all,
            talkers: talkers.map(TalkerJson::from).collect(),
            hours: stats.hours.into_iter().map(CountJson::from).collect(),
            months: months.map(|(month, count)| (month, count.into())).collect(),
        }
    }
}

impl From<Count> for CountJson {
    fn from(count: Count) -> Self {
        let Count { received, written } = count;
        Self { received, written }
    }
}

impl From<Waits> for WaitsJson {
    fn from(waits: Waits) -> Self {
        let some = |seconds| (waits.answers > 0).then_some(seconds);
        Self {
            answers: waits.answers,
            median: some(waits.median),
            percentile_90: some(waits.percentile_90),
        }
    }
}

impl From<TalkerStats> for TalkerJson {
    fn from(stats: TalkerStats) -> Self {
        Self {
            talker: stats.talker,
            name: stats.name,
            count: stats.count.into(),
            first: stats.first,
            last: stats.last,
            waits: stats.waits.into(),
        }
    }
}

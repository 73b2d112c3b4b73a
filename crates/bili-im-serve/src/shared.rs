//! What the accounts of a process share.

use std::{
    sync::atomic::AtomicU64,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::{config::Limits, line::Line, metrics::Metrics, outlets::Running, rules::Rules};

/// The variable with the program's login. Programs that are run do not get it.
pub(crate) const COOKIE: &str = "BILI_IM_COOKIE";

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) line: Line,
    pub(crate) metrics: Metrics,
    pub(crate) outlets: Running,
    pub(crate) rules: Rules,
    /// Changes whenever there is something new to read.
    pub(crate) news: watch::Sender<u64>,
    /// How many accounts were added.
    pub(crate) serials: AtomicU64,
    /// Whether the process ends.
    pub(crate) ends: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            line: Line::default(),
            metrics: Metrics::default(),
            outlets: Running::default(),
            rules: Rules::default(),
            news: watch::Sender::new(0),
            serials: AtomicU64::new(0),
            ends: watch::Sender::new(false),
        }
    }

    pub(crate) fn tell(&self) {
        self.news
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

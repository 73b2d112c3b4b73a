//! The bounds of outlets.

use std::time::Duration;

/// The bounds of outlets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutletLimits {
    /// How long a receiver may take to answer. Default: 15 seconds.
    pub patience: Duration,
    /// The wait after the first failure. Each wait is twice as long as the last. Default: a second.
    pub first_wait: Duration,
    /// The longest of these waits, also of those that a receiver asks for. Default: 10 minutes.
    pub longest_wait: Duration,
    /// For how long a webhook is tried with one event. Default: a day.
    pub webhook: Duration,
    /// For how long a notification is tried. Default: an hour.
    pub notify: Duration,
    /// What `digest_minutes` counts. Default: a minute.
    pub minute: Duration,
    /// How often it is looked whether the configuration has changed, and whether quiet hours are
    /// over. Default: 5 seconds.
    pub look: Duration,
}

impl Default for OutletLimits {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(15),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(600),
            webhook: Duration::from_secs(86_400),
            notify: Duration::from_secs(3600),
            minute: Duration::from_secs(60),
            look: Duration::from_secs(5),
        }
    }
}

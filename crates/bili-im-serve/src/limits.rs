//! The bounds of a process.

use std::time::Duration;

/// The bounds of a process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// How many events of an account are kept. Default: 100,000.
    pub events: u64,
    /// For how long events are kept. Default: a week.
    pub age: Duration,
    /// For how long the outcome of a send is kept under its key, and the position of a consumer
    /// that does not come. Default: 30 days.
    pub memory: Duration,
    /// How often what is too old is dropped. Default: a minute.
    pub trim: Duration,
    /// The wait before a held account is first tried again. Each wait is twice as long as the last.
    /// Default: 5 seconds.
    pub first_wait: Duration,
    /// The longest of these waits. Default: an hour.
    pub longest_wait: Duration,
    /// How long a call waits for the outcome of its send. Default: two minutes.
    pub send: Duration,
    /// How many sends of an account are under way at once. Default: 64.
    pub sends: usize,
    /// The largest body of a request. Default: 1 MiB.
    pub body: usize,
    /// The largest body with an image in Base64. Default: 8 MiB.
    pub image_body: usize,
    /// The largest body with files. Default: 21 MiB, since the service takes images of 20 MiB.
    pub upload: usize,
    /// How many calls a batch can have. Default: 50.
    pub batch: usize,
    /// How many connections there are at once. Default: 256.
    pub connections: usize,
    /// How many of them are streams of events. Default: 64.
    pub streams: usize,
    /// How long a client may take to send a request, and to read what is written to it. Default: 30
    /// seconds.
    pub patience: Duration,
    /// The time between heartbeats of a stream. Default: 15 seconds.
    pub heartbeat: Duration,
    /// How long sends under way are waited for at the end. Default: 20 seconds.
    pub shutdown: Duration,
    /// The bounds of outlets.
    pub outlets: OutletLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: 100_000,
            age: Duration::from_secs(7 * 86_400),
            memory: Duration::from_secs(30 * 86_400),
            trim: Duration::from_secs(60),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(3600),
            send: Duration::from_secs(120),
            sends: 64,
            body: 1 << 20,
            image_body: 8 << 20,
            upload: 21 << 20,
            batch: 50,
            connections: 256,
            streams: 64,
            patience: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            shutdown: Duration::from_secs(20),
            outlets: OutletLimits::default(),
        }
    }
}

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

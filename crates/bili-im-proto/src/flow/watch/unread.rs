//! Watching how much there is to read.

use std::time::Duration;

use crate::{
    account::Account,
    error::Error,
    flow::{
        io::Io,
        run::Flow,
        watch::{
            changes::{Changes, UnreadCounts},
            watcher::{back_off, ends_watch},
        },
    },
    watch::{Event, EventKind},
};

/// How many of a watcher's intervals lie between two looks, unless told otherwise: two minutes.
const INTERVALS: u32 = 6;

impl Account {
    /// Watches the unread counts: tells them at first, and whenever they change. Asks every two
    /// minutes, on this machine every six seconds, or as often as told. Ends as
    /// [`watch`](Self::watch) does.
    pub fn watch_unread(&self, interval: Option<Duration>) -> Flow<Event, ()> {
        Flow::of(self, async move |io| watch_unread(&io, interval).await)
    }
}

async fn watch_unread(io: &Io<Event>, wanted: Option<Duration>) -> Result<(), Error> {
    let mut changes = Changes::default();
    let mut failures = 0;
    loop {
        let interval = match wanted {
            Some(_) => io.account.watch_interval(wanted),
            None => io.account.watch_interval(None).saturating_mul(INTERVALS),
        };
        let (kind, wait) = match UnreadCounts::ask(io).await {
            Ok(counts) => {
                failures = 0;
                let is_new = changes.of_unread(&counts);
                (is_new.then(|| EventKind::from(counts)), interval)
            }
            Err(cause) if ends_watch(&cause) => return Err(cause),
            Err(cause) => {
                failures += 1;
                let wait = back_off(interval, &cause, failures);
                let until = io.now().mono.after(wait);
                (Some(EventKind::Held { until, cause }), wait)
            }
        };
        let until = io.now().mono.after(wait);
        if let Some(kind) = kind {
            let position = None;
            io.emit(Event { kind, position }).await;
        }
        io.sleep_until(until).await;
    }
}

//! Watching how much there is to read.

use std::time::Duration;

use crate::{
    flow::{
        prelude::*,
        retry::Retry,
        watch::{
            changes::{Changes, UnreadCounts},
            watcher::ends_watch,
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
    let mut retry = Retry::at(io.now().mono);
    loop {
        let interval = match wanted {
            Some(_) => io.account.watch_interval(wanted),
            None => io.account.watch_interval(None).saturating_mul(INTERVALS),
        };
        let kind = match UnreadCounts::read(io).await {
            Ok(counts) => {
                retry = Retry::at(io.now().mono.after(interval));
                changes.of_unread(&counts).then(|| counts.into())
            }
            Err(cause) if ends_watch(&cause) => return Err(cause),
            Err(cause) => {
                let until = retry.failed(io.now().mono, interval, &cause);
                Some(EventKind::Held { until, cause })
            }
        };
        if let Some(kind) = kind {
            let position = None;
            io.emit(Event { kind, position }).await;
        }
        io.sleep_until(retry.next()).await;
    }
}

//! Watching how much there is to read.

use crate::{
    flow::{
        prelude::*,
        watch::{
            changes::{Changes, UnreadCounts},
            rhythm::{Intervals, Rhythm, SLOW},
        },
    },
    watch::{Event, EventKind, Hints, WatchOptions},
};

impl Account {
    /// Watches the unread counts: tells them at first, and whenever they change. Asks every two
    /// minutes, on this machine every six seconds, unless the options have an interval. Of the
    /// options only the intervals count. Ends as [`watch`](Self::watch) does.
    pub fn watch_unread(&self, options: WatchOptions) -> Flow<Event, ()> {
        self.watch_unread_pushed(options, Hints::new())
    }

    /// As [`watch_unread`](Self::watch_unread), and at once whenever a push connection hints that
    /// something changed.
    pub fn watch_unread_pushed(&self, options: WatchOptions, hints: Hints) -> Flow<Event, ()> {
        Flow::of(self, async move |io| {
            watch_unread(&io, options, hints).await
        })
    }
}

async fn watch_unread(io: &Io<Event>, options: WatchOptions, hints: Hints) -> Result<(), Error> {
    let account = &io.account;
    let intervals = Intervals {
        asking: options.interval,
        multiple: SLOW,
        told: options.push_interval,
    };
    let mut changes = Changes::default();
    let mut rhythm = Rhythm::new(intervals, hints, io.now().mono);
    let tell = |kind| {
        let position = None;
        io.emit(Event { kind, position })
    };
    loop {
        rhythm.sleep_until(io, rhythm.next()).await;
        let now = io.now().mono;
        if let Some(kind) = rhythm.listen(account, now) {
            tell(kind).await;
        }
        if io.now().mono < rhythm.next() {
            continue;
        }
        rhythm.begin(account, now);
        match UnreadCounts::read(io).await {
            Ok(counts) => {
                let is_news = changes.of_unread(&counts);
                rhythm.succeeded(account, io.now().mono, is_news, false);
                if is_news {
                    tell(counts.into()).await;
                }
            }
            Err(cause) if cause.ends_watch() => return Err(cause),
            Err(cause) => {
                let until = rhythm.failed(account, io.now().mono, &cause);
                tell(EventKind::Held { until, cause }).await;
            }
        }
    }
}

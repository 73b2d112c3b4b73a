//! Where a watch begins.

use std::{convert::Infallible, time::Duration};

use crate::{
    endpoints::NewSessions,
    flow::{prelude::*, watch::telling::FAR_AHEAD},
    time::micros,
    watch::{Cursor, Position},
};

/// The cursor begins with the newest messages of sessions that changed within this time.
const LATELY: Duration = Duration::from_secs(10 * 60);

/// A session's time this far ahead of the service's clock, as we know it, is still believed.
const AHEAD: Duration = Duration::from_secs(60);

/// How many seconds earlier than it seems the watch may have begun: `Date` has whole seconds, and
/// the clocks of the service's machines differ.
const SLACK: u64 = 5;

impl Account {
    /// A cursor that begins now: what was written before is never told. Store it before watching.
    pub fn cursor_now(&self) -> Flow<Infallible, Cursor> {
        Flow::of(self, async |io| begin(&io).await)
    }
}

async fn begin<I>(io: &Io<I>) -> Result<Cursor, Error> {
    let uid = io.profile().await?.uid;
    let time = io.account.service_time(io.now());
    let since = UnixMicros(time.0.saturating_sub(micros(LATELY)));
    let list = io.call(&NewSessions::new(since)).await?;
    // A time far ahead would keep everything from being news until then.
    let latest = time.saturating_add(AHEAD);
    let changes = list
        .sessions
        .iter()
        .filter_map(|session| session.session_ts);
    let plausible = changes.filter(|&change| change <= latest);
    let begin = plausible.fold(time, UnixMicros::max).seconds();
    let floor = UnixSeconds(begin.0.saturating_sub(SLACK));
    // A session whose time is far ahead would be remembered for ever.
    let far_ahead = time.saturating_add(FAR_AHEAD);
    let mut cursor = Cursor::new(uid, floor, time);
    for session in &list.sessions {
        cursor.advance(&Position {
            talker: session.talker,
            seqno: session.newest(),
            time: session
                .session_ts
                .unwrap_or(far_ahead)
                .min(far_ahead)
                .seconds(),
            is_pending: false,
            mark: time,
            compared: time,
        });
    }
    Ok(cursor)
}

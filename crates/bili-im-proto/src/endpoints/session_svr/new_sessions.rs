//! Recently changed sessions: `GET /session_svr/v1/session_svr/new_sessions`.

use crate::{
    endpoint::prelude::*,
    session::{SessionList, WireSessionList},
    time::UnixMicros,
};

/// Lists the sessions changed since a time, latest change first (docs/protocol.md §7). Older ones
/// can be included: compare `max_seqno` to see what is new. There is only one page.
/// [`GetSessions`](crate::GetSessions) lists what does not fit on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewSessions {
    /// Only sessions changed since this time.
    pub begin_ts: UnixMicros,
    /// Sessions to list, 1 to 100.
    pub size: u32,
}

impl NewSessions {
    /// Lists up to 100 sessions changed since `begin_ts`.
    pub fn new(begin_ts: UnixMicros) -> Self {
        Self {
            begin_ts,
            size: 100,
        }
    }
}

impl Endpoint for NewSessions {
    type Response = SessionList;

    const SPEC: Spec = Spec::get(Host::Im, "/session_svr/v1/session_svr/new_sessions").poll();

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(
            Query::new()
                .with("begin_ts", self.begin_ts)
                .with("size", self.size.clamp(1, 100)),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<SessionList, Error> {
        (answer.data::<WireSessionList>()?.finish()).map_err(|field| answer.missing(&field))
    }
}

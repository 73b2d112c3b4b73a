//! Sessions read on other devices: `GET /session_svr/v1/session_svr/ack_sessions`.

use crate::{
    endpoint::prelude::*,
    session::{SessionList, WireSessionList},
    time::UnixMicros,
};

request! {
    /// Lists the sessions that were read since a time, also on other devices (docs/protocol.md §7).
    /// It marks nothing as read.
    #[derive(Copy)]
    pub struct AckSessions {
        /// Only sessions read since this time.
        pub begin_ts: UnixMicros,
    }
}

impl Endpoint for AckSessions {
    type Response = SessionList;

    const SPEC: Spec = Spec::get(Host::Im, "/session_svr/v1/session_svr/ack_sessions");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new().with("begin_ts", self.begin_ts)))
    }

    fn decode(answer: Answer<'_>) -> Result<SessionList, Error> {
        (answer.data::<WireSessionList>()?.finish()).map_err(|field| answer.missing(&field))
    }
}

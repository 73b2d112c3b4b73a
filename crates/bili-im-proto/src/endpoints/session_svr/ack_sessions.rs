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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn the_time_is_in_microseconds_and_no_session_is_an_empty_list() {
        let call = AckSessions::new(UnixMicros(1_700_000_000_000_000));
        assert_eq!(query(&call), "begin_ts=1700000000000000");
        for data in ["null", "{}", r#"{"session_list":null}"#] {
            let body = format!(r#"{{"code":0,"data":{data}}}"#);
            assert_eq!(
                decode::<AckSessions>(200, &body),
                Ok(SessionList::default())
            );
        }
        let body = r#"{"code":0,"data":{"session_list":[{"talker_id":5,"session_type":1,"ack_seqno":"7","ack_ts":9}]}}"#;
        let list = decode::<AckSessions>(200, body).unwrap();
        assert_eq!(list.sessions[0].talker, Talker::user(5));
        assert_eq!(list.sessions[0].ack_ts, Some(UnixMicros(9)));
    }
}

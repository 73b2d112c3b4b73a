//! Sessions changed lately: `GET /session_svr/v1/session_svr/new_sessions`.

use crate::{
    answer::Answer,
    context::{Context, Host},
    encode::Query,
    endpoint::{Endpoint, Parts},
    error::{Error, Invalid},
    session::{SessionList, WireSessionList},
    spec::Spec,
    time::UnixMicros,
};

/// Lists the sessions changed since a time, newest first (docs/protocol.md §7). Older ones may come too:
/// decide by `max_seqno`. There is no second page; what is missing must be had from
/// [`GetSessions`](crate::GetSessions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewSessions {
    /// Since when.
    pub begin_ts: UnixMicros,
    /// How many at most, 1 to 100.
    pub size: u32,
}

impl NewSessions {
    /// As many sessions as the service gives, changed since a time.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn the_time_goes_out_in_microseconds() {
        let request = NewSessions::new(UnixMicros(1_700_000_000_000_000));
        let uri = request.request(&context()).unwrap().uri().to_string();
        assert!(
            uri.contains("?begin_ts=1700000000000000&size=100&"),
            "{uri}"
        );
    }
}

//! Mark a session as read: `POST /session_svr/v1/session_svr/update_ack`.

use serde::Serialize;

use crate::{
    answer::Answer,
    context::{Context, Host},
    endpoint::{Endpoint, Parts},
    error::{Error, Invalid, check_talker},
    ids::{Seqno, Talker},
    spec::Spec,
};

/// Marks a session as read up to a message (docs/protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateAck {
    /// The session.
    pub talker: Talker,
    /// The newest message to mark. `None` marks all.
    pub upto: Option<Seqno>,
}

#[derive(Serialize)]
struct Form {
    talker_id: u64,
    session_type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_seqno: Option<u64>,
}

impl UpdateAck {
    /// Marks the whole session with `talker`.
    pub fn new(talker: impl Into<Talker>) -> Self {
        Self {
            talker: talker.into(),
            upto: None,
        }
    }

    /// Sets [`upto`](Self::upto).
    #[must_use]
    pub fn with_upto(self, seqno: Seqno) -> Self {
        Self {
            upto: Some(seqno),
            ..self
        }
    }
}

impl Endpoint for UpdateAck {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/session_svr/v1/session_svr/update_ack");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(self.talker)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Parts::form(&Form {
            talker_id: self.talker.id(),
            session_type: self.talker.session_type(),
            ack_seqno: self.upto.map(|seqno| seqno.0),
        })
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn the_form_is_what_the_service_wants() {
        let all = UpdateAck::new(Talker::user(5));
        assert_eq!(form(&all), "talker_id=5&session_type=1");
        let some = UpdateAck::new(Talker::group(5)).with_upto(Seqno(9));
        assert_eq!(form(&some), "talker_id=5&session_type=2&ack_seqno=9");
    }
}

//! Mark a session as read: `POST /session_svr/v1/session_svr/update_ack`.

use crate::{endpoint::prelude::*, ids::Seqno};

/// Marks a session as read up to a message (docs/protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateAck {
    /// The session.
    pub talker: Talker,
    /// The newest message to mark. `None` marks all.
    pub upto: Option<Seqno>,
}

impl UpdateAck {
    /// Marks the whole session with `talker`.
    pub fn new(talker: impl Into<Talker>) -> Self {
        Self {
            talker: talker.into(),
            upto: None,
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
        Ok(Parts::form(
            Query::to(self.talker).with_some("ack_seqno", self.upto),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

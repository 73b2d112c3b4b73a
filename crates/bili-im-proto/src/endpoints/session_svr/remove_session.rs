//! Remove a session from the list: `POST /session_svr/v1/session_svr/remove_session`.

use crate::endpoint::prelude::*;

/// Removes a session from the list (docs/protocol.md §7). Its messages stay, and a new message
/// brings it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoveSession {
    /// The session.
    pub talker: Talker,
}

impl RemoveSession {
    /// Removes the session with `talker`.
    pub fn new(talker: impl Into<Talker>) -> Self {
        Self {
            talker: talker.into(),
        }
    }
}

impl Endpoint for RemoveSession {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/session_svr/v1/session_svr/remove_session");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(self.talker)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::to(self.talker)))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

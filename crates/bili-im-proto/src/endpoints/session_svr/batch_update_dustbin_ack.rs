//! Mark all intercepted messages as read:
//! `POST /session_svr/v1/session_svr/batch_update_dustbin_ack`.

use crate::endpoint::prelude::*;

/// Marks all intercepted messages as read (docs/protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchUpdateDustbinAck;

impl Endpoint for BatchUpdateDustbinAck {
    type Response = ();

    const SPEC: Spec = Spec::post(
        Host::Im,
        "/session_svr/v1/session_svr/batch_update_dustbin_ack",
    );

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

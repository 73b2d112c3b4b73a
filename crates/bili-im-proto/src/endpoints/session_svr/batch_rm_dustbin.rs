//! Remove all intercepted sessions: `POST /session_svr/v1/session_svr/batch_rm_dustbin`.

use crate::endpoint::prelude::*;

/// Removes all intercepted sessions from the list (docs/protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchRmDustbin;

impl Endpoint for BatchRmDustbin {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/session_svr/v1/session_svr/batch_rm_dustbin");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

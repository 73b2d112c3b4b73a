//! Remove a session from the list: `POST /session_svr/v1/session_svr/remove_session`.

use crate::endpoint::prelude::*;

request! {
    /// Removes a session from the list (docs/protocol.md §7). Its messages stay, and a new message
    /// brings it back.
    #[derive(Copy)]
    pub struct RemoveSession {
        /// The session.
        pub talker: Talker,
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

//! Intercept a user's messages: `POST /session_svr/v1/session_svr/update_intercept`.

use crate::endpoint::prelude::*;

request! {
    /// Intercepts the messages of a user, or stops doing so (docs/protocol.md §7).
    #[derive(Copy)]
    pub struct UpdateIntercept {
        /// The user.
        pub uid: Uid,
        /// `true` intercepts, `false` stops.
        pub intercepted: bool,
    }
}

impl Endpoint for UpdateIntercept {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/session_svr/v1/session_svr/update_intercept");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(Talker::User(self.uid))?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(
            Query::new()
                .with("talker_id", self.uid)
                .with("status", u8::from(self.intercepted)),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

//! Pin a session: `POST /session_svr/v1/session_svr/set_top`.

use crate::endpoint::prelude::*;

request! {
    /// Pins a session to the top of the list or unpins it (docs/protocol.md §7).
    #[derive(Copy)]
    pub struct SetTop {
        /// The session.
        pub talker: Talker,
        /// `true` pins, `false` unpins.
        pub pinned: bool,
    }
}

impl Endpoint for SetTop {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/session_svr/v1/session_svr/set_top");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(self.talker)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(
            Query::to(self.talker)
                // 0 pins, 1 unpins.
                .with("op_type", u8::from(!self.pinned)),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

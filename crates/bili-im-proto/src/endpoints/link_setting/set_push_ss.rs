//! Receive a creator's pushes or not: `POST /link_setting/v1/link_setting/set_push_ss`.

use crate::endpoint::prelude::*;

request! {
    /// Sets whether the account receives a creator's pushes (docs/protocol.md §10).
    #[derive(Copy)]
    pub struct SetPushSs {
        /// The creator.
        pub uid: Uid,
        /// Whether to receive the pushes.
        pub receive: bool,
    }
}

impl Endpoint for SetPushSs {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/link_setting/v1/link_setting/set_push_ss");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(Talker::User(self.uid))?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(
            Query::new()
                .with("talker_uid", self.uid)
                // 1 turns pushes off.
                .with("setting", u8::from(!self.receive)),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

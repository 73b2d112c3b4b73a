//! Mute a session: `POST /link_setting/v1/link_setting/set_msg_dnd`.

use crate::endpoint::prelude::*;

request! {
    /// Mutes or unmutes a session (docs/protocol.md §10).
    #[derive(Copy)]
    pub struct SetMsgDnd {
        /// The session.
        pub talker: Talker,
        /// `true` mutes, `false` unmutes.
        pub muted: bool,
    }
}

impl Endpoint for SetMsgDnd {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/link_setting/v1/link_setting/set_msg_dnd");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(self.talker)?)
    }

    fn parts(&self, context: &Context) -> Result<Parts, Invalid> {
        let name = match self.talker {
            Talker::User(_) => "dnd_uid",
            Talker::Group(_) => "dnd_group_id",
        };
        Ok(Parts::form(
            Query::new()
                .with("uid", context.own_uid()?)
                .with("setting", u8::from(self.muted))
                .with(name, self.talker.id()),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

//! Whether a session is muted: `GET /link_setting/v1/link_setting/get_msg_dnd`.

use crate::endpoint::prelude::*;

request! {
    /// Asks whether a session is muted (docs/protocol.md §10).
    #[derive(Copy)]
    pub struct GetMsgDnd {
        /// The session.
        pub talker: Talker,
    }
}

wire! {
    /// Which of the sessions asked about are muted.
    pub struct MsgDnd {
        uid_settings: Vec<DndSetting>,
        group_settings: Vec<DndSetting>,
    }
}

wire! {
    struct DndSetting {
        id: u64,
        setting: bool,
    }
}

impl MsgDnd {
    /// Whether a session is muted; `None` when the answer does not say.
    pub fn is_muted(&self, talker: Talker) -> Option<bool> {
        let settings = match talker {
            Talker::User(_) => &self.uid_settings,
            Talker::Group(_) => &self.group_settings,
        };
        let setting = settings.iter().find(|setting| setting.id == talker.id())?;
        Some(setting.setting)
    }

    /// Every session in the answer, and whether it is muted.
    pub fn settings(&self) -> impl Iterator<Item = (Talker, bool)> + '_ {
        let users = (self.uid_settings.iter()).map(|dnd| (Talker::user(dnd.id), dnd.setting));
        let groups = (self.group_settings.iter()).map(|dnd| (Talker::group(dnd.id), dnd.setting));
        users.chain(groups)
    }
}

impl Endpoint for GetMsgDnd {
    type Response = MsgDnd;

    const SPEC: Spec = Spec::get(Host::Im, "/link_setting/v1/link_setting/get_msg_dnd");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(self.talker)?)
    }

    fn parts(&self, context: &Context) -> Result<Parts, Invalid> {
        let name = match self.talker {
            Talker::User(_) => "uids",
            Talker::Group(_) => "group_ids",
        };
        Ok(Parts::query(
            Query::new()
                .with("own_uid", context.own_uid()?)
                .with(name, self.talker.id()),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<MsgDnd, Error> {
        answer.data()
    }
}

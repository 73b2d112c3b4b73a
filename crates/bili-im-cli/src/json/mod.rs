//! What the library knows, as the program's JSON has it. The fields are explained in the crate's README,
//! and stay.

mod answers;
mod content;
mod message;
mod mirror;
mod session;

pub(crate) use self::{
    answers::{
        AcceptedJson, CodeJson, DeviceJson, DndListJson, FollowJson, GroupUnreadJson, LimitsJson,
        LoginJson, MessagesJson, NavJson, SentJson, SessionsJson, UnknownSessionJson, UnreadJson,
        UploadedJson, UserJson, UsersJson,
    },
    message::MessageJson,
    session::SessionJson,
};

#![doc = include_str!("../README.md")]

mod answers;
mod content;
mod counts;
mod error;
mod event;
mod message;
mod mirror;
mod results;
mod session;
mod settings;

pub use self::{
    answers::{
        AcceptedJson, DndListJson, FollowJson, GroupUnreadJson, LimitsJson, Marks, MessagesJson,
        OfficialJson, SentJson, SessionsJson, UnreadJson, UploadedJson, UserInfosJson, UserJson,
        UsersJson,
    },
    content::{ContentJson, ImageJson},
    counts::CountsJson,
    error::{ErrorJson, Exit},
    event::EventJson,
    message::{EmoticonJson, MessageJson, direction_word},
    mirror::{Id, List, Maybe},
    results::{
        AckJson, ChangeJson, HistoryJson, PeopleJson, PersonJson, RecallJson, SendJson, WhoamiJson,
    },
    session::SessionJson,
    settings::{ALL as SETTINGS, Setting, SettingsJson},
};

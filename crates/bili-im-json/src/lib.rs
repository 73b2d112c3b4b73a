#![doc = include_str!("../README.md")]

mod answers;
mod content;
mod counts;
mod creator;
mod error;
mod event;
mod marks;
mod message;
mod mirror;
mod results;
mod search;
mod session;
mod settings;
mod stats;

pub use self::{
    answers::{
        AcceptedJson, DndListJson, FollowJson, GroupUnreadJson, LimitsJson, MessagesJson, SentJson,
        SessionsJson, UnreadJson, UploadedJson, UserInfosJson, UserJson, UsersJson,
    },
    content::{ContentJson, ImageJson},
    counts::CountsJson,
    creator::{BlockWordsJson, BlockedJson, ReplyClearedJson, ReplySetJson, ReplyTextsJson},
    error::{ErrorJson, Exit},
    event::EventJson,
    marks::{Marks, OfficialJson},
    message::{EmoticonJson, MessageJson, direction_word},
    mirror::{Id, List, Maybe},
    results::{
        AckJson, ChangeJson, HistoryJson, PeopleJson, PersonJson, RecallJson, SendJson, WhoamiJson,
    },
    search::SearchJson,
    session::SessionJson,
    settings::{ALL as SETTINGS, Setting, SettingsJson},
    stats::{CountJson, StatsJson, WaitsJson},
};

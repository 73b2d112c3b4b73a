//! The JSON of every endpoint's answer.

use std::fmt::Debug;

use bili_im_json::{
    AcceptedJson, BlockWordsJson, DndListJson, FollowJson, GroupUnreadJson, LimitsJson,
    MessagesJson, ReplyTextsJson, SentJson, SessionJson, SessionsJson, SettingsJson, UnreadJson,
    UploadedJson, UserInfosJson, UsersJson,
};
use bili_im_proto::{
    BlockWords, DeviceCookies, Error, GroupUnread, Limits, MsgDnd, NavAnswer, QrCode, QrState,
    ReplyText, SentMessage, Session, SessionList, SessionMsgs, SessionSettings, Settings, Unread,
    UploadedImage, UserCard, UserInfo,
};
use serde::Serialize;

use super::login::{CodeJson, DeviceJson, LoginJson, NavJson};

/// An answer to print.
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: HasJson> Answer<T> {
    pub(crate) fn json(self, show_recalled: bool) -> Result<T::Json, Error> {
        self.0.json(show_recalled)
    }
}

/// An answer that has JSON of its own.
pub(crate) trait HasJson {
    type Json: Serialize;

    /// Returns the error when the answer has one.
    fn json(self, show_recalled: bool) -> Result<Self::Json, Error>;
}

/// The text of an answer that has no JSON of its own. The compiler prefers [`Answer::json`] where
/// it exists.
#[allow(
    dead_code,
    reason = "for answers that have no JSON of their own, if there are any"
)]
pub(crate) trait PlainText {
    fn json(self, show_recalled: bool) -> Result<TextJson, Error>;
}

impl<T: Debug> PlainText for Answer<T> {
    fn json(self, _: bool) -> Result<TextJson, Error> {
        Ok(TextJson {
            text: format!("{:?}", self.0),
        })
    }
}

/// An answer as the library's `Debug` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct TextJson {
    text: String,
}

macro_rules! has_json {
    ($($answer:ty => $json:ty,)*) => {
        $(impl HasJson for $answer {
            type Json = $json;

            fn json(self, _: bool) -> Result<$json, Error> {
                Ok(self.into())
            }
        })*
    };
}

has_json! {
    () => AcceptedJson,
    BlockWords => BlockWordsJson,
    DeviceCookies => DeviceJson,
    GroupUnread => GroupUnreadJson,
    Limits => LimitsJson,
    MsgDnd => DndListJson,
    QrCode => CodeJson,
    QrState => LoginJson,
    SentMessage => SentJson,
    SessionSettings => FollowJson,
    Settings => SettingsJson,
    Unread => UnreadJson,
    UploadedImage => UploadedJson,
    Vec<ReplyText> => ReplyTextsJson,
    Vec<UserCard> => UsersJson,
    Vec<UserInfo> => UserInfosJson,
}

impl HasJson for NavAnswer {
    type Json = NavJson;

    fn json(self, _: bool) -> Result<NavJson, Error> {
        self.try_into()
    }
}

impl HasJson for Session {
    type Json = SessionJson;

    fn json(self, show_recalled: bool) -> Result<SessionJson, Error> {
        Ok(SessionJson::new(&self, show_recalled))
    }
}

impl HasJson for SessionList {
    type Json = SessionsJson;

    fn json(self, show_recalled: bool) -> Result<SessionsJson, Error> {
        Ok(SessionsJson::new(&self, |session| {
            SessionJson::new(session, show_recalled)
        }))
    }
}

impl HasJson for SessionMsgs {
    type Json = MessagesJson;

    fn json(self, show_recalled: bool) -> Result<MessagesJson, Error> {
        Ok(MessagesJson::new(self, show_recalled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "what `Debug` shows is read")]
    struct New {
        field: u8,
    }

    #[test]
    fn an_answer_without_json_of_its_own_is_its_plain_text() {
        let text = Answer(New { field: 1 }).json(false).unwrap().text;
        assert_eq!(text, "New { field: 1 }");
    }

    #[test]
    fn json_of_its_own_comes_first() {
        let _: AcceptedJson = Answer(()).json(false).unwrap();
    }
}

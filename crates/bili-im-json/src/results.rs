//! The results of commands that are more than the answer of one endpoint.

use std::borrow::Cow;

use bili_im_proto::{
    Direction, Message, MsgKey, Profile, SentMessage, Seqno, Talker, Uid, UnixSeconds, UserCard,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    answers::UserJson,
    marks::{Marks, OfficialJson},
    message::MessageJson,
};

/// Whose login it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhoamiJson {
    /// The number.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// The level.
    pub level: Option<u32>,
    face: String,
    /// When the login ends, in seconds since 1970.
    pub expires: Option<UnixSeconds>,
    /// The service's address; `None` stands for bilibili.
    pub endpoint: Option<String>,
}

impl WhoamiJson {
    /// The owner of a login.
    pub fn new(profile: Profile, expires: Option<UnixSeconds>, endpoint: Option<String>) -> Self {
        Self {
            uid: profile.uid,
            name: profile.name,
            level: profile.level,
            face: profile.face,
            expires,
            endpoint,
        }
    }
}

/// A part of a conversation, newest message first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryJson {
    talker: Talker,
    messages: Vec<MessageJson>,
    next_before: Option<Seqno>,
}

impl HistoryJson {
    /// Some messages; `more` says that there are older ones.
    pub fn new(
        talker: Talker,
        messages: &[Message],
        more: bool,
        json: impl Fn(&Message) -> MessageJson,
    ) -> Self {
        let oldest = messages.last().map(|message| message.msg_seqno);
        Self {
            talker,
            messages: messages.iter().map(json).collect(),
            next_before: oldest.filter(|_| more),
        }
    }

    /// Who wrote a message, seen from an account.
    pub fn direction(message: &Message, own: Option<Uid>) -> Option<Direction> {
        own.map(|own| match message.sender_uid == own {
            true => Direction::Own,
            false => Direction::Incoming,
        })
    }
}

/// An accepted message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SendJson {
    /// The message.
    pub msg_key: MsgKey,
    talker: Talker,
    read_back: bool,
    toast: Option<String>,
}

impl SendJson {
    /// What the service answered.
    pub fn new(talker: Talker, sent: SentMessage) -> Self {
        Self {
            msg_key: sent.msg_key,
            talker,
            read_back: sent.read_back,
            toast: sent.toast,
        }
    }

    /// A message that was found in its conversation.
    pub fn read_back(talker: Talker, msg_key: MsgKey) -> Self {
        Self {
            msg_key,
            talker,
            read_back: true,
            toast: None,
        }
    }
}

/// A recalled message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecallJson {
    /// The message.
    pub msg_key: MsgKey,
    recalled: bool,
}

impl From<MsgKey> for RecallJson {
    fn from(msg_key: MsgKey) -> Self {
        Self {
            msg_key,
            recalled: true,
        }
    }
}

/// A session that was marked as read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AckJson {
    /// The session.
    pub talker: Talker,
    /// The newest message that was marked; `None` when all were.
    pub upto: Option<Seqno>,
    acked: bool,
}

impl AckJson {
    /// A session, and up to where it was marked.
    pub fn new(talker: Talker, upto: Option<Seqno>) -> Self {
        Self {
            talker,
            upto,
            acked: true,
        }
    }
}

/// A session that was changed.
#[derive(Debug)]
pub struct ChangeJson {
    /// The session.
    pub talker: Talker,
    /// The field that says what changed.
    pub field: &'static str,
    /// The value of that field.
    pub value: bool,
}

impl JsonSchema for ChangeJson {
    fn schema_name() -> Cow<'static, str> {
        "ChangeJson".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "required": ["talker"],
            "properties": { "talker": generator.subschema_for::<Talker>() },
            "additionalProperties": { "type": "boolean" },
        })
    }
}

impl Serialize for ChangeJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("talker", &self.talker)?;
        map.serialize_entry(self.field, &self.value)?;
        map.end()
    }
}

/// Who a user is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonJson {
    /// The user.
    #[serde(flatten)]
    pub user: UserJson,
    official: Option<OfficialJson>,
    /// `None` when it is not known.
    is_fake_account: Option<bool>,
}

impl PersonJson {
    /// A user, with their marks if those are known.
    pub fn new(user: UserCard, marks: Option<&Marks>) -> Self {
        Self {
            user: user.into(),
            official: marks.and_then(|marks| marks.official.clone()),
            is_fake_account: marks.map(|marks| marks.is_fake_account),
        }
    }
}

/// Who users are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PeopleJson {
    /// Those who exist.
    pub users: Vec<PersonJson>,
    /// The numbers of those who do not.
    pub unknown: Vec<Uid>,
}

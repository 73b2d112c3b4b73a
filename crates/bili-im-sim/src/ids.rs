//! Ids, each with its own type. A user and a group may have the same number (docs/protocol.md §1).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                Self(number)
            }
        }
    };
}

id! {
    /// A user id.
    Uid
}
id! {
    /// The id of a fan group (应援团).
    GroupId
}
id! {
    /// The sequence number of a message. Within a session it grows, with gaps.
    Seqno
}

/// The unique id of a message. Written to JSON as a string, because it may exceed 2^53; also read
/// from a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "NumberOrText", into = "String")]
pub struct MsgKey(pub u64);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a msg_key must be a string or a number")]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl TryFrom<NumberOrText> for MsgKey {
    type Error = std::num::ParseIntError;

    fn try_from(key: NumberOrText) -> Result<Self, Self::Error> {
        match key {
            NumberOrText::Number(key) => Ok(Self(key)),
            NumberOrText::Text(text) => text.parse().map(Self),
        }
    }
}

impl From<MsgKey> for String {
    fn from(key: MsgKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for MsgKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The other side of a session: a user or a group. `{"user":1}` or `{"group":2}` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Talker {
    /// A user.
    User(Uid),
    /// A fan group.
    Group(GroupId),
}

impl Talker {
    /// A user.
    pub fn user(uid: impl Into<Uid>) -> Self {
        Self::User(uid.into())
    }

    /// A fan group.
    pub fn group(id: impl Into<GroupId>) -> Self {
        Self::Group(id.into())
    }

    /// Reads `talker_id` and `session_type`, or `receiver_id` and `receiver_type`.
    pub(crate) fn from_wire(id: u64, session_type: u64) -> Option<Self> {
        match session_type {
            1 => Some(Self::User(Uid(id))),
            2 => Some(Self::Group(GroupId(id))),
            _ => None,
        }
    }

    pub(crate) fn id(self) -> u64 {
        match self {
            Self::User(uid) => uid.0,
            Self::Group(group) => group.0,
        }
    }

    pub(crate) fn session_type(self) -> u8 {
        match self {
            Self::User(_) => 1,
            Self::Group(_) => 2,
        }
    }
}

impl From<Uid> for Talker {
    fn from(uid: Uid) -> Self {
        Self::User(uid)
    }
}

impl From<GroupId> for Talker {
    fn from(id: GroupId) -> Self {
        Self::Group(id)
    }
}

impl fmt::Display for Talker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(uid) => write!(f, "user {uid}"),
            Self::Group(group) => write!(f, "group {group}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_msg_key_keeps_all_its_digits_in_json() {
        let key = MsgKey(6_852_559_688_104_417_870);
        let text = r#""6852559688104417870""#;
        assert_eq!(serde_json::to_string(&key).unwrap(), text);
        for text in [text, "6852559688104417870"] {
            assert_eq!(serde_json::from_str::<MsgKey>(text).unwrap(), key);
        }
        for wrong in [r#""-1""#, "-1", "1.5", "null"] {
            assert!(serde_json::from_str::<MsgKey>(wrong).is_err(), "{wrong}");
        }
    }
}

//! Ids, each with its own type. A user and a group may have the same number (docs/protocol.md §1).

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

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
    /// The id of a fan group (粉丝团/应援团).
    GroupId
}
id! {
    /// The sequence number of a message. Within a session it grows, with gaps.
    Seqno
}

/// The unique id of a message. Written to JSON as a string, because it may exceed 2^53; also read
/// from a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MsgKey(pub u64);

impl fmt::Display for MsgKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MsgKey {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for MsgKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MsgKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = MsgKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a msg_key, as a string or a number")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<MsgKey, E> {
                Ok(MsgKey(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MsgKey, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(NumberOrText)
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
        assert_eq!(
            serde_json::to_string(&key).unwrap(),
            r#""6852559688104417870""#
        );
        assert_eq!(
            serde_json::from_str::<MsgKey>("6852559688104417870").unwrap(),
            key
        );
        assert_eq!(
            serde_json::from_str::<MsgKey>(r#""6852559688104417870""#).unwrap(),
            key
        );
        assert!(serde_json::from_str::<MsgKey>(r#""-1""#).is_err());
    }
}

//! Ids of users, groups, messages and devices, each its own type (docs/protocol.md §1).

use std::{fmt, num::ParseIntError, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::lenient::{self, Lenient};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Serialized as a string, since JSON readers may lose digits above 2^53. Deserialized from
        /// a string or a number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                Self(number)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+$" })
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                lenient::option(deserializer)?
                    .ok_or_else(|| D::Error::custom(concat!("expected a ", stringify!($name))))
            }
        }

        impl Lenient for $name {
            fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                Ok(u64::lenient(deserializer)?.map(Self))
            }
        }
    };
}

id! {
    /// A user (`mid`, `uid`). As a sender, 0 is the service itself.
    Uid
}
id! {
    /// A fan group (应援团). A group and a user can have the same number.
    GroupId
}
id! {
    /// The unique id of a message (`msg_key`).
    MsgKey
}
id! {
    /// The sequence number of a message within its session (`msg_seqno`). Newer messages have
    /// greater ones.
    Seqno
}

/// For `serde(with)`: a number stored as a string, since JSON readers may lose digits above 2^53.
pub(crate) mod as_text {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        lenient::option(deserializer)?.ok_or_else(|| D::Error::custom("expected a number"))
    }
}

/// The other side of a session: a user or a group (`talker_id` with `session_type`, or
/// `receiver_id` with `receiver_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Talker {
    /// Another user (type 1).
    User(Uid),
    /// A fan group (type 2).
    Group(GroupId),
}

impl Talker {
    /// The user with this id.
    pub const fn user(uid: u64) -> Self {
        Self::User(Uid(uid))
    }

    /// The group with this id.
    pub const fn group(id: u64) -> Self {
        Self::Group(GroupId(id))
    }

    /// From the pair of numbers on the wire. `None` when `session_type` is neither 1 nor 2.
    pub const fn from_wire(session_type: u64, id: u64) -> Option<Self> {
        match session_type {
            1 => Some(Self::user(id)),
            2 => Some(Self::group(id)),
            _ => None,
        }
    }

    /// A text such as `user-7` or `group-7`.
    pub(crate) fn to_key(self) -> String {
        match self {
            Self::User(uid) => format!("user-{uid}"),
            Self::Group(id) => format!("group-{id}"),
        }
    }

    /// Reads what [`to_key`](Self::to_key) wrote.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        let (kind, id) = key.split_once('-')?;
        let id = id.parse().ok()?;
        match kind {
            "user" => Some(Self::user(id)),
            "group" => Some(Self::group(id)),
            _ => None,
        }
    }

    /// The id without its type (`talker_id`, `receiver_id`).
    pub const fn id(self) -> u64 {
        match self {
            Self::User(Uid(id)) | Self::Group(GroupId(id)) => id,
        }
    }

    /// The type (`session_type`, `receiver_type`): 1 user, 2 group.
    pub const fn session_type(self) -> u8 {
        match self {
            Self::User(_) => 1,
            Self::Group(_) => 2,
        }
    }
}

impl fmt::Display for Talker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(uid) => write!(f, "user {uid}"),
            Self::Group(id) => write!(f, "group {id}"),
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

/// The id of the sending device (`dev_id`): a version 4 UUID in upper case (docs/protocol.md §5).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(Arc<str>);

impl DeviceId {
    /// Makes an id from 16 random bytes. Store the id: an installation keeps the same one.
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
        *version = *version & 0x0f | 0x40;
        *variant = *variant & 0x3f | 0x80;
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for nibble in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(nibble.into(), 16).map(|c| c.to_ascii_uppercase()));
            }
        }
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a version 4 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device id is a version 4 UUID such as 372778FD-E359-461D-86A3-EA2BCC6FF52A")]
pub struct InvalidDeviceId;

impl FromStr for DeviceId {
    type Err = InvalidDeviceId;

    fn from_str(text: &str) -> Result<Self, InvalidDeviceId> {
        let valid = text.len() == 36
            && text.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                14 => byte == b'4',
                19 => matches!(byte.to_ascii_uppercase(), b'8' | b'9' | b'A' | b'B'),
                _ => byte.is_ascii_hexdigit(),
            });
        if valid {
            Ok(Self(text.to_ascii_uppercase().into()))
        } else {
            Err(InvalidDeviceId)
        }
    }
}

impl TryFrom<String> for DeviceId {
    type Error = InvalidDeviceId;

    fn try_from(text: String) -> Result<Self, InvalidDeviceId> {
        text.parse()
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.0.to_string()
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_of_random_bytes_is_a_version_4_uuid_in_upper_case() {
        let id = DeviceId::from_random([0xff; 16]);
        assert_eq!(id.as_str(), "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF");
        assert_eq!(id.as_str().parse(), Ok(id));
        let id = DeviceId::from_random([0; 16]);
        assert_eq!(id.as_str(), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn a_device_id_of_another_form_is_refused() {
        for text in [
            "",
            "372778FD-E359-461D-86A3-EA2BCC6FF52",
            "372778FD-E359-161D-86A3-EA2BCC6FF52A",
            "372778FD-E359-461D-C6A3-EA2BCC6FF52A",
            "372778FDE-359-461D-86A3-EA2BCC6FF52A",
            "372778FD-E359-461D-86A3-EA2BCC6FF5\u{e9}",
        ] {
            assert_eq!(text.parse::<DeviceId>(), Err(InvalidDeviceId), "{text}");
        }
    }
}

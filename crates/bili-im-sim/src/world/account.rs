//! The accounts of a world.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    cookie,
    ids::{Talker, Uid},
};

/// One account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "AccountFile")]
#[non_exhaustive]
pub struct Account {
    /// Its uid.
    pub uid: Uid,
    /// The name that others see.
    pub name: String,
    /// The login token, not percent-encoded.
    pub sessdata: String,
    /// The CSRF token.
    pub bili_jct: String,
    /// The level, 0 to 6.
    pub level: u8,
    /// The address of its picture.
    pub face: String,
    /// The text of its profile.
    pub sign: String,
    /// The users that it follows.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub follows: BTreeSet<Uid>,
    /// The users that it blocks.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub blocks: BTreeSet<Uid>,
    /// Whose messages it accepts.
    pub accepts: Accepts,
    /// How many users of the whole site follow it. Automatic replies need 1000.
    pub fans: u64,
    /// Whether it may not write (`is_limit`).
    pub limited: bool,
    /// Whether `fetch_session_msgs` answers it with the newest page, whatever it asks for
    /// (docs/protocol.md §8).
    pub repeats_page: bool,
    /// 0 for a person, otherwise the kind of system account (docs/protocol.md §7).
    pub system_msg_type: u32,
    /// The title of its official mark; empty without one.
    pub official: String,
    /// Whether the service holds it to be fake (`is_fake_account`).
    pub fake: bool,
    /// The settings of its sessions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<SessionSettings>,
}

/// Whose messages an account accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Accepts {
    /// Anyone's.
    #[default]
    Everyone,
    /// Those of users it follows; others get 25003.
    Followed,
    /// None: everyone gets 25003.
    Nobody,
}

/// The settings of one session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SessionSettings {
    /// The other side of the session.
    pub talker: Talker,
    /// Whether it is kept at the head of the list.
    #[serde(default)]
    pub pinned: bool,
    /// Whether it is muted (`is_dnd`).
    #[serde(default)]
    pub muted: bool,
    /// Whether it is in the list of intercepted sessions.
    #[serde(default)]
    pub intercepted: bool,
}

impl SessionSettings {
    /// The settings of a new session.
    #[must_use]
    pub fn new(talker: impl Into<Talker>) -> Self {
        Self {
            talker: talker.into(),
            pinned: false,
            muted: false,
            intercepted: false,
        }
    }
}

impl Account {
    /// An account with default values. Its SESSDATA is `sim-<uid>`, and its `bili_jct` is the uid
    /// padded to 32 digits.
    #[must_use]
    pub fn new(uid: impl Into<Uid>) -> Self {
        Self::from_file(uid.into(), AccountFile::default())
    }

    fn from_file(uid: Uid, file: AccountFile) -> Self {
        let face = "https://i0.hdslb.com/bfs/face/member/noface.jpg";
        Self {
            uid,
            name: file.name.unwrap_or_else(|| format!("用户{uid}")),
            sessdata: file.sessdata.unwrap_or_else(|| format!("sim-{uid}")),
            bili_jct: file.bili_jct.unwrap_or_else(|| format!("{:032}", uid.0)),
            level: file.level.unwrap_or(5),
            face: file.face.unwrap_or_else(|| face.to_owned()),
            sign: file.sign,
            follows: file.follows,
            blocks: file.blocks,
            accepts: file.accepts,
            fans: file.fans,
            limited: file.limited,
            repeats_page: file.repeats_page,
            system_msg_type: file.system_msg_type,
            official: file.official,
            fake: file.fake,
            sessions: file.sessions,
        }
    }

    /// The value of a `Cookie` header for this account, with SESSDATA percent-encoded.
    #[must_use]
    pub fn cookie(&self) -> String {
        format!(
            "SESSDATA={}; bili_jct={}; DedeUserID={}",
            cookie::encode(&self.sessdata),
            self.bili_jct,
            self.uid
        )
    }
}

/// An account in a world file: all fields but the uid are optional.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AccountFile {
    uid: Option<Uid>,
    name: Option<String>,
    sessdata: Option<String>,
    bili_jct: Option<String>,
    level: Option<u8>,
    face: Option<String>,
    sign: String,
    follows: BTreeSet<Uid>,
    blocks: BTreeSet<Uid>,
    accepts: Accepts,
    fans: u64,
    limited: bool,
    repeats_page: bool,
    system_msg_type: u32,
    official: String,
    fake: bool,
    sessions: Vec<SessionSettings>,
}

impl TryFrom<AccountFile> for Account {
    type Error = &'static str;

    fn try_from(file: AccountFile) -> Result<Self, Self::Error> {
        let uid = file.uid.ok_or("missing field `uid`")?;
        Ok(Self::from_file(uid, file))
    }
}

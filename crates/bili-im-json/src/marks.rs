//! Marks of users, as tables and lists show them too.

use bili_im_proto::{Official, UserInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The official mark of a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OfficialJson {
    /// The service's number: 0 a person, 1 an organisation.
    #[serde(rename = "type")]
    kind: Option<i64>,
    title: String,
}

impl From<&Official> for OfficialJson {
    fn from(official: &Official) -> Self {
        Self {
            kind: official.kind.map(|kind| kind.number()),
            title: official.title.clone(),
        }
    }
}

/// The marks of a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Marks {
    /// The official mark.
    pub official: Option<OfficialJson>,
    /// Whether the account pretends to be another.
    pub is_fake_account: bool,
}

impl From<UserInfo> for Marks {
    fn from(info: UserInfo) -> Self {
        Self {
            official: info.mark().map(OfficialJson::from),
            is_fake_account: info.is_fake_account,
        }
    }
}

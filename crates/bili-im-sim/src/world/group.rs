//! The fan groups of a world.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, Uid};

/// A fan group (应援团).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Group {
    /// Its id. A user may have the same number.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: Uid,
    /// Its members, including the owner.
    pub members: BTreeSet<Uid>,
    /// Whether it is dissolved: sends get 700013.
    #[serde(default)]
    pub dissolved: bool,
}

impl Group {
    /// A group with an owner and other members.
    #[must_use]
    pub fn new(
        id: impl Into<GroupId>,
        name: impl Into<String>,
        owner: impl Into<Uid>,
        others: impl IntoIterator<Item = Uid>,
    ) -> Self {
        let owner = owner.into();
        let mut members: BTreeSet<Uid> = others.into_iter().collect();
        members.insert(owner);
        Self {
            id: id.into(),
            name: name.into(),
            owner,
            members,
            dissolved: false,
        }
    }
}

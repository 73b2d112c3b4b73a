//! Fan groups.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, Uid};

/// A fan group (粉丝团/应援团).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Group {
    /// Its id, in a number space of its own.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Whose group it is.
    pub owner: Uid,
    /// Who is in it, the owner included.
    pub members: BTreeSet<Uid>,
    /// No longer there: sends get 700013.
    #[serde(default)]
    pub dissolved: bool,
}

impl Group {
    /// A group of its owner and others.
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

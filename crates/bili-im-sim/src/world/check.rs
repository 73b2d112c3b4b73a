//! Checks that a world is consistent.

use std::collections::BTreeSet;

use super::{Message, World, WorldError};
use crate::ids::{Talker, Uid};

/// Longer than any content that the service accepts, for tests with hostile contents.
const LONGEST_CONTENT: usize = 1 << 20;

impl World {
    /// Checks that ids are unique, and that users and groups which are named exist.
    ///
    /// # Errors
    ///
    /// The first problem, with its place.
    pub fn check(&self) -> Result<(), WorldError> {
        let users = self
            .accounts
            .iter()
            .map(|account| Talker::User(account.uid));
        let groups = self.groups.iter().map(|group| Talker::Group(group.id));
        let known = Known(users.chain(groups).collect());
        self.check_accounts(&known)?;
        self.check_groups(&known)?;
        for (at, message) in self.messages.iter().enumerate() {
            check_message(message, &known)
                .map_err(|flaw| flaw.within(&format!("messages[{at}]")))?;
        }
        let mut keys = BTreeSet::new();
        for key in &self.options.msg_keys {
            ensure(keys.insert(key), "options.msg_keys", || {
                format!("{key} appears twice")
            })?;
        }
        for (at, rule) in self.faults.iter().enumerate() {
            rule.check().map_err(|(field, problem)| {
                WorldError::invalid(format!("faults[{at}].{field}"), problem)
            })?;
        }
        Ok(())
    }

    fn check_accounts(&self, known: &Known) -> Result<(), WorldError> {
        let mut uids = BTreeSet::new();
        let mut tokens = BTreeSet::new();
        for (at, account) in self.accounts.iter().enumerate() {
            let place = |field: &str| format!("accounts[{at}].{field}");
            ensure(account.uid != Uid(0), place("uid"), || {
                "0 is not a user id".to_owned()
            })?;
            ensure(uids.insert(account.uid), place("uid"), || {
                format!("{} is taken by an earlier account", account.uid)
            })?;
            for (field, value) in [
                ("sessdata", &account.sessdata),
                ("bili_jct", &account.bili_jct),
            ] {
                ensure(is_cookie_value(value), place(field), || {
                    "cannot be the value of a cookie".to_owned()
                })?;
            }
            ensure(tokens.insert(&account.sessdata), place("sessdata"), || {
                "taken by an earlier account".to_owned()
            })?;
            for (field, others) in [("follows", &account.follows), ("blocks", &account.blocks)] {
                ensure(!others.contains(&account.uid), place(field), || {
                    "contains the account's own uid".to_owned()
                })?;
                known
                    .check_users(others)
                    .map_err(|problem| WorldError::invalid(place(field), problem))?;
            }
            for (nth, session) in account.sessions.iter().enumerate() {
                known.check_exists(session.talker).map_err(|problem| {
                    WorldError::invalid(place(&format!("sessions[{nth}].talker")), problem)
                })?;
            }
        }
        Ok(())
    }

    fn check_groups(&self, known: &Known) -> Result<(), WorldError> {
        let mut ids = BTreeSet::new();
        for (at, group) in self.groups.iter().enumerate() {
            let place = |field: &str| format!("groups[{at}].{field}");
            ensure(ids.insert(group.id), place("id"), || {
                format!("{} is taken by an earlier group", group.id)
            })?;
            known
                .check_users(&group.members)
                .map_err(|problem| WorldError::invalid(place("members"), problem))?;
            ensure(
                group.members.contains(&group.owner),
                place("members"),
                || format!("the owner, {}, is missing", group.owner),
            )?;
        }
        Ok(())
    }
}

/// Knows which users and groups exist.
pub(crate) trait Knows {
    fn knows(&self, talker: Talker) -> bool;

    /// Fails when there is no such user or group.
    fn check_exists(&self, talker: Talker) -> Result<(), String> {
        if self.knows(talker) {
            Ok(())
        } else {
            Err(format!("there is no {talker}"))
        }
    }
}

/// All users and groups of a world.
struct Known(BTreeSet<Talker>);

impl Known {
    fn check_users(&self, named: &BTreeSet<Uid>) -> Result<(), String> {
        named
            .iter()
            .try_for_each(|uid| self.check_exists(Talker::User(*uid)))
    }
}

impl Knows for Known {
    fn knows(&self, talker: Talker) -> bool {
        self.0.contains(&talker)
    }
}

/// What is wrong in one field of a message or an act.
pub(crate) struct Flaw {
    field: &'static str,
    problem: String,
}

impl Flaw {
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self {
            field,
            problem: problem.into(),
        }
    }

    pub(crate) fn within(self, place: &str) -> WorldError {
        WorldError::invalid(format!("{place}.{}", self.field), self.problem)
    }
}

impl From<Flaw> for WorldError {
    fn from(flaw: Flaw) -> Self {
        Self::invalid(flaw.field, flaw.problem)
    }
}

pub(crate) fn check_message(message: &Message, known: &impl Knows) -> Result<(), Flaw> {
    let flaw = |field, problem: &str| Err(Flaw::new(field, problem));
    let (to, is_group) = match message.talker {
        Talker::User(_) => ("to", false),
        Talker::Group(_) => ("group", true),
    };
    known
        .check_exists(message.talker)
        .map_err(|problem| Flaw::new(to, problem))?;
    if message.from == Uid(0) {
        if !is_group {
            return flaw("from", "only messages in groups can be without a sender");
        }
    } else {
        known
            .check_exists(Talker::User(message.from))
            .map_err(|problem| Flaw::new("from", problem))?;
    }
    if message.talker == Talker::User(message.from) {
        return flaw("to", "the receiver is the sender");
    }
    if let Some(uid) = message.only_for {
        known
            .check_exists(Talker::User(uid))
            .map_err(|problem| Flaw::new("only_for", problem))?;
    } else if message.is_tip() {
        return flaw("only_for", "a system tip needs its only reader");
    }
    if message.content.len() > LONGEST_CONTENT {
        return flaw("content", "longer than 1 MiB");
    }
    Ok(())
}

fn is_cookie_value(value: &str) -> bool {
    !value.is_empty()
        && value
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\";\\".contains(&byte))
}

fn ensure(
    holds: bool,
    place: impl Into<String>,
    problem: impl FnOnce() -> String,
) -> Result<(), WorldError> {
    if holds {
        Ok(())
    } else {
        Err(WorldError::invalid(place, problem()))
    }
}

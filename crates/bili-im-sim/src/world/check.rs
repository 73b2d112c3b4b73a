//! Checks that a world is consistent.

use std::collections::BTreeSet;

use super::{Account, Group, Large, Message, World, WorldError, large::FIRST_ID};
use crate::ids::{Talker, Uid};

/// Longer than any content that the service accepts, for tests with hostile contents.
const LONGEST_CONTENT: usize = 1 << 20;

/// More messages than any test needs, but few enough for memory.
pub(crate) const MOST_MESSAGES: u64 = 2_000_000;

type Checked = Result<(), WorldError>;

impl World {
    /// Checks that ids are unique, and that users and groups which are named exist.
    ///
    /// # Errors
    ///
    /// The first problem, with its place.
    pub fn check(&self) -> Result<(), WorldError> {
        let users = self.accounts.iter().map(|account| account.uid.into());
        let groups = self.groups.iter().map(|group| group.id.into());
        let known = Known(users.chain(groups).collect());
        let mut uids = BTreeSet::new();
        let mut tokens = BTreeSet::new();
        each("accounts", &self.accounts, |account| {
            let taken = format!("{} is taken by an earlier account", account.uid);
            ensure(uids.insert(account.uid), "uid", taken)?;
            let is_new = tokens.insert(&account.sessdata);
            ensure(is_new, "sessdata", "taken by an earlier account")?;
            check_account(account, &known)
        })?;
        let mut ids = BTreeSet::new();
        each("groups", &self.groups, |group| {
            let taken = format!("{} is taken by an earlier group", group.id);
            ensure(ids.insert(group.id), "id", taken)?;
            check_group(group, &known)
        })?;
        each("messages", &self.messages, |message| {
            check_message(message, &known)
        })?;
        let mut keys = BTreeSet::new();
        for key in &self.options.msg_keys {
            let taken = format!("{key} appears twice");
            ensure(keys.insert(key), "options.msg_keys", taken)?;
        }
        each("faults", &self.faults, |rule| rule.check())?;
        self.large.map_or(Ok(()), |large| check_large(large, self))
    }
}

/// Checks each part of a list. A problem is within that part.
pub(crate) fn each<'a, T>(
    list: &str,
    parts: &'a [T],
    mut check: impl FnMut(&'a T) -> Checked,
) -> Checked {
    parts.iter().enumerate().try_for_each(|(at, part)| {
        check(part).map_err(|problem| problem.within(&format!("{list}[{at}]")))
    })
}

fn ensure(holds: bool, place: &str, problem: impl Into<String>) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(WorldError::invalid(place, problem))
    }
}

fn check_account(account: &Account, known: &Known) -> Checked {
    ensure(account.uid != Uid(0), "uid", "0 is not a user id")?;
    for (field, value) in [
        ("sessdata", &account.sessdata),
        ("bili_jct", &account.bili_jct),
    ] {
        ensure(
            is_cookie_value(value),
            field,
            "cannot be the value of a cookie",
        )?;
    }
    for (field, others) in [("follows", &account.follows), ("blocks", &account.blocks)] {
        let is_other = !others.contains(&account.uid);
        ensure(is_other, field, "contains the account's own uid")?;
        known.check_users(field, others)?;
    }
    each("sessions", &account.sessions, |session| {
        known.check_exists("talker", session.talker)
    })
}

fn check_group(group: &Group, known: &Known) -> Checked {
    known.check_users("members", &group.members)?;
    let missing = format!("the owner, {}, is missing", group.owner);
    ensure(group.members.contains(&group.owner), "members", missing)
}

fn check_large(large: Large, world: &World) -> Checked {
    let users_are_apart = world
        .accounts
        .iter()
        .all(|account| account.uid.0 < FIRST_ID);
    let groups_are_apart = world.groups.iter().all(|group| group.id.0 < FIRST_ID);
    let problem = if !(1..=large.messages).contains(&large.sessions) {
        "it needs a session, and a message for each session".to_owned()
    } else if u64::from(large.messages) > MOST_MESSAGES {
        format!("a service holds at most {MOST_MESSAGES} messages")
    } else if world.accounts.is_empty() {
        "there is no account whose mailbox it fills".to_owned()
    } else if !users_are_apart || !groups_are_apart {
        format!("its own users and groups have the numbers from {FIRST_ID} on")
    } else {
        return Ok(());
    };
    Err(WorldError::invalid("large", problem))
}

/// Knows which users and groups exist.
pub(crate) trait Knows {
    fn knows(&self, talker: Talker) -> bool;

    /// Fails when there is no such user or group as the field names.
    fn check_exists(&self, field: &str, talker: impl Into<Talker>) -> Checked {
        let talker = talker.into();
        ensure(self.knows(talker), field, format!("there is no {talker}"))
    }
}

/// All users and groups of a world.
struct Known(BTreeSet<Talker>);

impl Known {
    fn check_users(&self, field: &str, named: &BTreeSet<Uid>) -> Checked {
        named
            .iter()
            .try_for_each(|uid| self.check_exists(field, *uid))
    }
}

impl Knows for Known {
    fn knows(&self, talker: Talker) -> bool {
        self.0.contains(&talker)
    }
}

pub(crate) fn check_message(message: &Message, known: &impl Knows) -> Checked {
    let (to, is_group) = match message.talker {
        Talker::User(_) => ("to", false),
        Talker::Group(_) => ("group", true),
    };
    known.check_exists(to, message.talker)?;
    if message.from == Uid(0) {
        let problem = "only messages in groups can be without a sender";
        ensure(is_group, "from", problem)?;
    } else {
        known.check_exists("from", message.from)?;
    }
    let is_other = message.talker != Talker::User(message.from);
    ensure(is_other, "to", "the receiver is the sender")?;
    if let Some(uid) = message.only_for {
        known.check_exists("only_for", uid)?;
    }
    let has_reader = message.only_for.is_some() || !message.is_tip();
    ensure(has_reader, "only_for", "a system tip needs its only reader")?;
    let is_cancel = !message.sys_cancel || message.is_recall();
    ensure(is_cancel, "sys_cancel", "only a recall, type 5, has it")?;
    let is_sendable = !message.content_as_object || message.content_object().is_some();
    ensure(
        is_sendable,
        "content_as_object",
        "the content is no JSON object",
    )?;
    let is_short = message.content.len() <= LONGEST_CONTENT;
    ensure(is_short, "content", "longer than 1 MiB")
}

fn is_cookie_value(value: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"\";\\".contains(&byte);
    !value.is_empty() && value.bytes().all(is_allowed)
}

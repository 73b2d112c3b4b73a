//! Rules on who may write to whom (docs/protocol.md §3, §5).

use super::State;
use crate::{
    answer::Refusal,
    codes::{
        BLOCKED, GROUP_DISSOLVED, GROUPS_CLOSED, NOT_A_MEMBER, NOT_FOUND, REFUSED_BY_RECEIVER,
        STRANGER_LIMIT, TO_SELF, TOO_FAST, UNAVAILABLE,
    },
    ids::{GroupId, Talker, Uid},
    time::UnixMicros,
    world::{Accepts, Account, Group, OverStrangerLimit},
};

/// Who gets to see an accepted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The sender and the receivers.
    Delivered,
    /// Only the sender, who does not learn it.
    Swallowed,
}

impl State {
    /// Whether `owner` may write to `talker` now.
    pub(crate) fn may_write(&self, owner: Uid, talker: Talker) -> Result<Delivery, Refusal> {
        if self.user(owner)?.limited {
            return Err(UNAVAILABLE.because(format!("{owner} is limited")));
        }
        match talker {
            Talker::User(receiver) => self.may_write_to_user(owner, receiver),
            Talker::Group(group) => {
                if self.joined(owner, group)?.dissolved {
                    return Err(GROUP_DISSOLVED.because(format!("group {group} is dissolved")));
                }
                if self.options.groups_closed {
                    return Err(GROUPS_CLOSED.because("the option groups_closed is set"));
                }
                Ok(Delivery::Delivered)
            }
        }
    }

    /// The account with this uid.
    pub(crate) fn user(&self, uid: Uid) -> Result<&Account, Refusal> {
        self.accounts
            .get(&uid)
            .ok_or_else(|| NOT_FOUND.because(format!("there is no user {uid}")))
    }

    /// The group, if `uid` is a member.
    pub(crate) fn joined(&self, uid: Uid, group: GroupId) -> Result<&Group, Refusal> {
        match self.groups.get(&group) {
            None => Err(GROUP_DISSOLVED.because(format!("there is no group {group}"))),
            Some(found) if found.members.contains(&uid) => Ok(found),
            Some(_) => Err(NOT_A_MEMBER.because(format!("{uid} is not in group {group}"))),
        }
    }

    fn may_write_to_user(&self, owner: Uid, receiver: Uid) -> Result<Delivery, Refusal> {
        if receiver == owner {
            return Err(TO_SELF.because("the receiver is the sender"));
        }
        let other = self.user(receiver)?;
        if self.user(owner)?.blocks.contains(&receiver) {
            return Err(BLOCKED.because(format!("{owner} blocks {receiver}")));
        }
        let accepted = match other.accepts {
            Accepts::Everyone => true,
            Accepts::Followed => other.follows.contains(&owner),
            Accepts::Nobody => false,
        };
        if !accepted || other.blocks.contains(&owner) {
            return Err(REFUSED_BY_RECEIVER
                .because(format!("{receiver} does not accept messages of {owner}")));
        }
        if !self.is_over_stranger_limit(owner, receiver) {
            return Ok(Delivery::Delivered);
        }
        match self.options.over_stranger_limit {
            OverStrangerLimit::Swallow => Ok(Delivery::Swallowed),
            OverStrangerLimit::Refuse => Err(STRANGER_LIMIT.because(format!(
                "{receiver} has neither answered {owner} nor follows them"
            ))),
        }
    }

    fn is_over_stranger_limit(&self, owner: Uid, receiver: Uid) -> bool {
        if self.follows(receiver, owner) {
            return false;
        }
        let conversation = self.conversation(owner, Talker::User(receiver));
        let has_written = |uid| {
            let mut messages = conversation.iter().map(|written| &written.message);
            messages.any(|said| said.from == uid && !said.is_recall() && !said.is_tip())
        };
        has_written(owner) && !has_written(receiver)
    }

    /// Counts a send against the limit of its sender.
    pub(crate) fn count_send(&mut self, owner: Uid, now: UnixMicros) -> Result<(), Refusal> {
        let Some(limit) = self.options.send_limit else {
            return Ok(());
        };
        let recent = self.recent_sends.entry(owner).or_default();
        recent.retain(|sent| now.since(*sent).as_secs() < limit.seconds);
        if recent.len() >= usize::try_from(limit.messages).unwrap_or(usize::MAX) {
            return Err(TOO_FAST.because(format!(
                "{} messages within {} seconds are allowed",
                limit.messages, limit.seconds
            )));
        }
        recent.push_back(now);
        Ok(())
    }
}

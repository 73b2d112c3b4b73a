//! Conversations between two users or the members of a group, and their messages.

use std::{borrow::Cow, num::NonZeroU64};

use serde_json::value::RawValue;

use crate::{
    ids::{GroupId, MsgKey, Seqno, Talker, Uid},
    time::UnixMicros,
    world::{Message, content},
};

/// Identifies a conversation by those who take part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConversationId {
    /// Two users, the smaller uid first.
    Users(Uid, Uid),
    /// The members of a group.
    Group(GroupId),
}

impl ConversationId {
    pub(crate) fn of(owner: Uid, talker: Talker) -> Self {
        match talker {
            Talker::User(uid) => Self::Users(owner.min(uid), owner.max(uid)),
            Talker::Group(group) => Self::Group(group),
        }
    }

    /// The talker of this conversation's session, as `owner` sees it.
    pub(crate) fn talker_for(self, owner: Uid) -> Option<Talker> {
        match self {
            Self::Group(group) => Some(Talker::Group(group)),
            Self::Users(one, other) if owner == one => Some(Talker::User(other)),
            Self::Users(one, other) if owner == other => Some(Talker::User(one)),
            Self::Users(..) => None,
        }
    }
}

const RECALL: u32 = 5;
const SYSTEM_TIP: u32 = 18;

const NORMAL: u32 = 0;
const RECALLED: u32 = 1;
const REMOVED: u32 = 2;

impl Message {
    pub(crate) fn is_tip(&self) -> bool {
        self.msg_type == SYSTEM_TIP
    }

    pub(crate) fn is_recall(&self) -> bool {
        self.msg_type == RECALL
    }

    pub(crate) fn is_recalled(&self) -> bool {
        self.msg_status == RECALLED
    }

    /// The content as a JSON object; `None` when it is something else.
    pub(crate) fn content_object(&self) -> Option<&RawValue> {
        let object: &RawValue = serde_json::from_str(&self.content).ok()?;
        object.get().starts_with('{').then_some(object)
    }

    /// Recalls this message, whose key is `key`. Returns the message that announces it to the same
    /// people.
    pub(super) fn recall(&mut self, key: MsgKey) -> Self {
        self.msg_status = RECALLED;
        Self {
            only_for: self.only_for,
            ..Self::new(self.from, self.talker, RECALL, key.to_string())
        }
    }

    /// Removes this message, whose key is `key`, as the system does. Returns the message that tells
    /// programs of it.
    pub(super) fn sys_cancel(&mut self, key: MsgKey) -> Self {
        let recall = self.recall(key);
        self.msg_status = REMOVED;
        Self {
            sys_cancel: true,
            ..recall
        }
    }

    /// Whether the system removed it: it is never returned then (docs/protocol.md §8).
    pub(crate) fn is_removed(&self) -> bool {
        self.msg_status == REMOVED
    }

    pub(crate) fn is_for(&self, reader: Uid) -> bool {
        self.only_for.is_none_or(|only| only == reader)
    }

    /// Whether it is returned to this reader.
    pub(crate) fn is_shown_to(&self, reader: Uid) -> bool {
        self.is_for(reader) && !self.is_removed()
    }

    /// Whether it counts as unread for a reader whose read mark is before it.
    pub(crate) fn counts_for(&self, reader: Uid) -> bool {
        let is_ordinary = self.msg_status == NORMAL && !self.is_recall() && !self.is_tip();
        is_ordinary && self.from != reader && self.is_for(reader)
    }
}

/// A message with its key and sequence number.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) key: MsgKey,
    pub(crate) seqno: Seqno,
    /// When it was sent, by the service's clock.
    pub(crate) sent_at: UnixMicros,
    /// When it arrived, by the time without skew. It never decreases within a conversation.
    pub(crate) arrived_at: UnixMicros,
    /// What its content is made of, for the messages of a large mailbox.
    pub(crate) content_seed: Option<NonZeroU64>,
    pub(crate) message: Message,
}

impl Written {
    pub(crate) fn content(&self) -> Cow<'_, str> {
        match self.content_seed {
            Some(seed) => content(&self.message, seed.get()).into(),
            None => Cow::Borrowed(&self.message.content),
        }
    }
}

/// The messages that had arrived by this moment; all of them for `None`.
pub(super) fn arrived_by(messages: &[Written], moment: Option<UnixMicros>) -> &[Written] {
    let Some(moment) = moment else {
        return messages;
    };
    let count = messages.partition_point(|message| message.arrived_at <= moment);
    messages.get(..count).unwrap_or_default()
}

//! Conversations between two users or the members of a group, and their messages.

use crate::{
    ids::{GroupId, MsgKey, Seqno, Talker, Uid},
    time::UnixMicros,
    world::Message,
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

/// The `msg_source` of a message written in the web page.
pub(crate) const FROM_WEB: u32 = 7;

const NORMAL: u32 = 0;
const RECALLED: u32 = 1;
const REMOVED: u32 = 2;

/// A message without a key and a sequence number.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) from: Uid,
    pub(crate) talker: Talker,
    pub(crate) msg_type: u32,
    pub(crate) content: String,
    pub(crate) msg_source: u32,
    pub(crate) msg_status: u32,
    pub(crate) sent_at: UnixMicros,
    pub(crate) at_uids: Vec<Uid>,
    pub(crate) only_for: Option<Uid>,
    pub(crate) old: bool,
}

impl Draft {
    pub(crate) fn from_world(message: Message, sent_at: UnixMicros) -> Self {
        Self {
            from: message.from,
            talker: message.talker,
            msg_type: message.msg_type,
            content: message.content,
            msg_source: message.msg_source,
            msg_status: message.msg_status,
            sent_at,
            at_uids: message.at_uids,
            only_for: message.only_for,
            old: message.old,
        }
    }

    pub(crate) fn is_tip(&self) -> bool {
        self.msg_type == SYSTEM_TIP
    }

    pub(crate) fn is_recall(&self) -> bool {
        self.msg_type == RECALL
    }

    pub(crate) fn is_recalled(&self) -> bool {
        self.msg_status == RECALLED
    }

    pub(crate) fn recall(&mut self) {
        self.msg_status = RECALLED;
    }

    /// The message that announces this one's recall to the same people. `target` is this one's
    /// key.
    pub(crate) fn recall_of(&self, target: MsgKey, now: UnixMicros) -> Self {
        Self {
            from: self.from,
            talker: self.talker,
            msg_type: RECALL,
            content: target.to_string(),
            msg_source: FROM_WEB,
            msg_status: NORMAL,
            sent_at: now,
            at_uids: Vec::new(),
            only_for: self.only_for,
            old: false,
        }
    }

    /// Whether the system removed it: it is never returned then (docs/protocol.md §8).
    pub(crate) fn is_removed(&self) -> bool {
        self.msg_status == REMOVED
    }

    pub(crate) fn is_for(&self, reader: Uid) -> bool {
        self.only_for.is_none_or(|only| only == reader)
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
    /// When it arrived, by the time without skew. It never decreases within a conversation.
    pub(crate) arrived_at: UnixMicros,
    pub(crate) draft: Draft,
}

impl Written {
    /// Whether it is returned to this reader.
    pub(crate) fn is_shown_to(&self, reader: Uid) -> bool {
        self.draft.is_for(reader) && !self.draft.is_removed()
    }
}

//! Sessions: a conversation as one side sees it.

use super::Written;
use crate::{
    ids::{Seqno, Talker, Uid},
    time::UnixMicros,
};

/// The settings and the read mark of one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    pub(crate) ack_seqno: Seqno,
    pub(crate) ack_ts: UnixMicros,
    /// When it was pinned; 0 when it is not.
    pub(crate) top_ts: UnixMicros,
    pub(crate) muted: bool,
    pub(crate) intercepted: bool,
    /// Whether its pushes are turned off.
    pub(crate) pushes_off: bool,
    /// The session is hidden while it has no newer message than this.
    pub(crate) removed_upto: Seqno,
}

impl Session {
    /// Moves the read mark forward to a message; never backwards.
    pub(crate) fn read_upto(&mut self, seqno: Seqno, now: UnixMicros) {
        if seqno > self.ack_seqno {
            self.ack_seqno = seqno;
            self.ack_ts = now;
        }
    }
}

/// A visible session: it has a message that is newer than its removal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionView<'a> {
    pub(crate) owner: Uid,
    pub(crate) talker: Talker,
    pub(crate) session: &'a Session,
    pub(crate) last: &'a Written,
    messages: &'a [Written],
}

impl<'a> SessionView<'a> {
    pub(crate) fn new(
        owner: Uid,
        talker: Talker,
        session: &'a Session,
        messages: &'a [Written],
    ) -> Option<Self> {
        let last = messages
            .iter()
            .rev()
            .find(|written| written.message.is_shown_to(owner))
            .filter(|last| last.seqno > session.removed_upto)?;
        Some(Self {
            owner,
            talker,
            session,
            last,
            messages,
        })
    }

    pub(crate) fn max_seqno(&self) -> Seqno {
        self.last.seqno
    }

    pub(crate) fn session_ts(&self) -> UnixMicros {
        self.last.sent_at
    }

    pub(crate) fn is_pinned(&self) -> bool {
        self.session.top_ts > UnixMicros(0)
    }

    pub(crate) fn unread(&self) -> usize {
        self.messages
            .iter()
            .rev()
            .take_while(|written| written.seqno > self.session.ack_seqno)
            .filter(|written| written.message.counts_for(self.owner))
            .count()
    }
}

//! Changes of an account's sessions (docs/protocol.md §7).

use super::{ChangeKind, ConversationId, Session, State};
use crate::{
    answer::Refusal,
    codes::NO_SUCH_SESSION,
    ids::{Seqno, Talker, Uid},
    time::UnixMicros,
};

impl State {
    /// Marks a session as read up to a message, or up to its newest.
    pub(crate) fn acknowledge(
        &mut self,
        owner: Uid,
        talker: Talker,
        upto: Option<Seqno>,
        now: UnixMicros,
    ) -> Result<(), Refusal> {
        let newest = self.newest(owner, talker)?;
        let session = self.settings_mut(owner, talker);
        let before = session.ack_seqno;
        session.read_upto(upto.map_or(newest, |upto| upto.min(newest)), now);
        if session.ack_seqno != before {
            self.tell(owner, ChangeKind::Session { talker });
        }
        Ok(())
    }

    /// Marks a session as read, and hides it until its next message.
    pub(crate) fn remove(
        &mut self,
        owner: Uid,
        talker: Talker,
        now: UnixMicros,
    ) -> Result<(), Refusal> {
        let newest = self.newest(owner, talker)?;
        let session = self.settings_mut(owner, talker);
        session.read_upto(newest, now);
        session.removed_upto = newest;
        self.tell(owner, ChangeKind::Session { talker });
        Ok(())
    }

    /// Pins a session at a time; `None` unpins it.
    pub(crate) fn pin(
        &mut self,
        owner: Uid,
        talker: Talker,
        since: Option<UnixMicros>,
    ) -> Result<(), Refusal> {
        self.newest(owner, talker)?;
        self.settings_mut(owner, talker).top_ts = since.unwrap_or_default();
        Ok(())
    }

    /// The talkers of the visible sessions that `owner` has intercepted.
    pub(crate) fn intercepted(&self, owner: Uid) -> Vec<Talker> {
        self.sessions(owner)
            .filter(|view| view.session.intercepted)
            .map(|view| view.talker)
            .collect()
    }

    /// The settings of `owner`'s session with `talker`, whether the session is visible or not.
    pub(crate) fn settings(&self, owner: Uid, talker: Talker) -> Option<&Session> {
        self.mailboxes.get(&owner)?.get(&talker)
    }

    /// The same settings, to change them.
    pub(crate) fn settings_mut(&mut self, owner: Uid, talker: Talker) -> &mut Session {
        self.mailboxes
            .entry(owner)
            .or_default()
            .entry(talker)
            .or_default()
    }

    pub(super) fn session_mut(&mut self, owner: Uid, id: ConversationId) -> Option<&mut Session> {
        self.mailboxes
            .get_mut(&owner)?
            .get_mut(&id.talker_for(owner)?)
    }

    /// The newest message of a visible session.
    fn newest(&self, owner: Uid, talker: Talker) -> Result<Seqno, Refusal> {
        self.session(owner, talker)
            .map(|view| view.max_seqno())
            .ok_or_else(|| NO_SUCH_SESSION.because(format!("{owner} has no session with {talker}")))
    }
}

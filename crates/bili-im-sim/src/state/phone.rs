//! Acts of users on their phones, without limits.

use super::{ChangeKind, State};
use crate::{
    answer::Refusal,
    faults::Kind,
    ids::{GroupId, MsgKey, Talker, Uid},
    time::UnixMicros,
    world::{Account, Act, Group, Knows, WorldError},
};

impl State {
    /// Does what a user does on the phone. Repeating an act has no effect, except for a recall.
    pub(crate) fn act(&mut self, act: Act, now: UnixMicros) -> Result<(), WorldError> {
        match act {
            Act::Recall { uid, msg_key } => self.recall_by_key(uid, msg_key, now)?,
            Act::SysCancel { msg_key } => self.cancel(msg_key, now)?,
            Act::Follow { uid, other } => _ = self.relating(uid, other)?.follows.insert(other),
            Act::Unfollow { uid, other } => _ = self.relating(uid, other)?.follows.remove(&other),
            Act::Block { uid, other } => _ = self.relating(uid, other)?.blocks.insert(other),
            Act::Unblock { uid, other } => _ = self.relating(uid, other)?.blocks.remove(&other),
            Act::Join { uid, group } => self.join(uid, group, now)?,
            Act::Leave { uid, group } => self.leave(uid, group)?,
            Act::Dissolve { group } => self.group_mut(group)?.dissolved = true,
            Act::Ack { uid, talker, upto } => self.in_session(uid, talker, |state| {
                state.acknowledge(uid, talker, upto, now)
            })?,
            Act::Remove { uid, talker } => {
                self.in_session(uid, talker, |state| state.remove(uid, talker, now))?;
            }
            Act::Pin { uid, talker } => {
                self.in_session(uid, talker, |state| state.pin(uid, talker, Some(now)))?;
            }
            Act::Unpin { uid, talker } => {
                self.in_session(uid, talker, |state| state.pin(uid, talker, None))?;
            }
            Act::Mute { uid, talker } => self.mute(uid, talker, true)?,
            Act::Unmute { uid, talker } => self.mute(uid, talker, false)?,
            Act::Intercept { uid, other } => self.intercept(uid, other, true)?,
            Act::Unintercept { uid, other } => self.intercept(uid, other, false)?,
            Act::KickOut { uid } => self.push(uid, Kind::KickOut)?,
            Act::PushGarbage { uid } => self.push(uid, Kind::Garbage)?,
            Act::PushForged { uid } => self.push(uid, Kind::Forged)?,
        }
        Ok(())
    }

    fn recall_by_key(&mut self, uid: Uid, key: MsgKey, now: UnixMicros) -> Result<(), WorldError> {
        self.check_exists("uid", uid)?;
        let flaw = |problem: String| WorldError::invalid("msg_key", problem);
        let (id, _) = self
            .places
            .get(&key)
            .ok_or_else(|| flaw(format!("there is no message {key}")))?;
        let talker = id
            .talker_for(uid)
            .ok_or_else(|| flaw(format!("{uid} did not write message {key}")))?;
        let recall = self
            .ensure_room()
            .and_then(|()| self.recall(uid, talker, key, None, now))
            .map_err(|refusal| flaw(refusal.into_why()))?;
        let key = self.unused_key(now);
        self.append(key, recall, now);
        Ok(())
    }

    fn cancel(&mut self, key: MsgKey, now: UnixMicros) -> Result<(), WorldError> {
        let recall = self
            .ensure_room()
            .and_then(|()| self.sys_cancel(key))
            .map_err(|refusal| WorldError::invalid("msg_key", refusal.into_why()))?;
        let key = self.unused_key(now);
        self.append(key, recall, now);
        Ok(())
    }

    /// The account that changes whether it follows or blocks another user.
    fn relating(&mut self, uid: Uid, other: Uid) -> Result<&mut Account, WorldError> {
        self.check_exists("other", other)?;
        if uid == other {
            return Err(WorldError::invalid("other", "is the account's own uid"));
        }
        self.accounts
            .get_mut(&uid)
            .ok_or_else(|| WorldError::invalid("uid", format!("there is no user {uid}")))
    }

    fn join(&mut self, uid: Uid, group: GroupId, now: UnixMicros) -> Result<(), WorldError> {
        self.check_exists("uid", uid)?;
        let found = self.group_mut(group)?;
        if found.dissolved {
            return Err(WorldError::invalid(
                "group",
                format!("group {group} is dissolved"),
            ));
        }
        if found.members.insert(uid) {
            let talker = Talker::Group(group);
            let newest = self.conversation(uid, talker).last();
            let newest = newest.map(|written| written.seqno).unwrap_or_default();
            self.settings_mut(uid, talker).read_upto(newest, now);
        }
        Ok(())
    }

    fn leave(&mut self, uid: Uid, group: GroupId) -> Result<(), WorldError> {
        self.check_exists("uid", uid)?;
        let found = self.group_mut(group)?;
        if found.owner == uid {
            return Err(WorldError::invalid(
                "uid",
                format!("{uid} owns group {group}"),
            ));
        }
        if found.members.remove(&uid)
            && let Some(mailbox) = self.mailboxes.get_mut(&uid)
        {
            mailbox.remove(&Talker::Group(group));
        }
        Ok(())
    }

    fn group_mut(&mut self, group: GroupId) -> Result<&mut Group, WorldError> {
        self.groups
            .get_mut(&group)
            .ok_or_else(|| WorldError::invalid("group", format!("there is no group {group}")))
    }

    /// Does an act that needs a visible session.
    fn in_session(
        &mut self,
        uid: Uid,
        talker: Talker,
        act: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), WorldError> {
        self.check_exists("uid", uid)?;
        self.check_exists("talker", talker)?;
        act(self).map_err(|refusal| WorldError::invalid("talker", refusal.into_why()))
    }

    fn push(&mut self, uid: Uid, kind: Kind) -> Result<(), WorldError> {
        self.check_exists("uid", uid)?;
        self.tell(uid, ChangeKind::Fault(kind));
        Ok(())
    }

    fn mute(&mut self, uid: Uid, talker: Talker, muted: bool) -> Result<(), WorldError> {
        self.check_exists("uid", uid)?;
        self.check_exists("talker", talker)?;
        if let Talker::Group(group) = talker {
            self.joined(uid, group)
                .map_err(|refusal| WorldError::invalid("talker", refusal.into_why()))?;
        }
        self.settings_mut(uid, talker).muted = muted;
        Ok(())
    }

    fn intercept(&mut self, uid: Uid, other: Uid, intercepted: bool) -> Result<(), WorldError> {
        self.check_exists("uid", uid)?;
        self.check_exists("other", other)?;
        self.settings_mut(uid, Talker::User(other)).intercepted = intercepted;
        Ok(())
    }
}

//! Recalls of messages (docs/protocol.md §5).

use std::time::Duration;

use super::State;
use crate::{
    answer::Refusal,
    codes::{ALREADY_RECALLED, FORBIDDEN, NO_SUCH_MESSAGE, RECALL_EXPIRED},
    ids::{MsgKey, Talker, Uid},
    time::UnixMicros,
    world::Message,
};

impl State {
    /// Marks a message as recalled, and returns the message that announces it. Refuses when the
    /// message is older than `window`.
    pub(crate) fn recall(
        &mut self,
        owner: Uid,
        talker: Talker,
        target: MsgKey,
        window: Option<Duration>,
        now: UnixMicros,
    ) -> Result<Message, Refusal> {
        if let Talker::Group(group) = talker {
            self.joined(owner, group)?;
        }
        let found = self.message_mut(owner, talker, target);
        let Some(written) = found.filter(|written| !written.message.is_recall()) else {
            return Err(NO_SUCH_MESSAGE.because(format!(
                "there is no message {target} in the session with {talker}"
            )));
        };
        if written.message.from != owner {
            return Err(FORBIDDEN.because("only its sender can recall a message"));
        }
        if written.message.is_recalled() {
            return Err(ALREADY_RECALLED.because(format!("message {target} is recalled already")));
        }
        if let Some(window) = window
            && now.since(written.sent_at) > window
        {
            return Err(RECALL_EXPIRED.because(format!(
                "more than {} seconds have passed",
                window.as_secs()
            )));
        }
        Ok(written.message.recall(target))
    }

    /// Removes a message as the system does, and returns the message that announces it.
    pub(crate) fn sys_cancel(&mut self, target: MsgKey) -> Result<Message, Refusal> {
        let found = self.written_mut(target);
        let Some(written) = found.filter(|written| !written.message.is_recall()) else {
            return Err(NO_SUCH_MESSAGE.because(format!("there is no message {target}")));
        };
        if written.message.is_recalled() || written.message.is_removed() {
            return Err(ALREADY_RECALLED.because(format!("message {target} is recalled already")));
        }
        Ok(written.message.sys_cancel(target))
    }
}

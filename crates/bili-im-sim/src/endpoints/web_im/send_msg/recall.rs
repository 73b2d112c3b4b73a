//! Recalling a message (docs/protocol.md §5).

use std::time::Duration;

use super::FROM_WEB;
use crate::answer::Refusal;
use crate::call::Call;
use crate::codes::{ALREADY_RECALLED, FORBIDDEN, NO_SUCH_MESSAGE, RECALL_EXPIRED};
use crate::ids::{MsgKey, Talker, Uid};
use crate::state::Draft;

const RECALL: u32 = 5;
const WINDOW: Duration = Duration::from_secs(120);

/// Recalls `target` and adds the message that says so.
pub(super) fn recall(
    call: &mut Call<'_>,
    owner: Uid,
    talker: Talker,
    target: MsgKey,
) -> Result<MsgKey, Refusal> {
    if let Talker::Group(group) = talker {
        call.state.joined(owner, group)?;
    }
    let now = call.now;
    let found = call
        .state
        .message_mut(owner, talker, target)
        .map(|written| &mut written.draft);
    let Some(draft) = found.filter(|draft| !draft.is_recall()) else {
        return Err(NO_SUCH_MESSAGE.because(format!(
            "there is no message {target} in the session with {talker}"
        )));
    };
    if draft.from != owner {
        return Err(FORBIDDEN.because("only one's own messages can be recalled"));
    }
    if draft.is_recalled() {
        return Err(ALREADY_RECALLED.because(format!("message {target} is recalled already")));
    }
    if now.since(draft.sent_at) > WINDOW {
        return Err(RECALL_EXPIRED.because("more than 120 seconds have passed"));
    }
    draft.recall();
    let only_for = draft.only_for;
    let key = call.state.next_key(now);
    call.state.append(
        key,
        Draft {
            from: owner,
            talker,
            msg_type: RECALL,
            content: target.to_string(),
            msg_source: FROM_WEB,
            msg_status: 0,
            sent_at: now,
            at_uids: Vec::new(),
            only_for,
            old: false,
        },
    );
    Ok(key)
}

//! Recalling a message (docs/protocol.md §5).

use std::time::Duration;

use crate::answer::Refusal;
use crate::call::Call;
use crate::ids::{MsgKey, Talker, Uid};

const WINDOW: Duration = Duration::from_secs(120);

/// Recalls `target` and adds the message that says so.
pub(super) fn recall(
    call: &mut Call<'_>,
    owner: Uid,
    talker: Talker,
    target: MsgKey,
) -> Result<MsgKey, Refusal> {
    let said = call
        .state
        .recall(owner, talker, target, Some(WINDOW), call.now)?;
    let key = call.state.next_key(call.now);
    call.state.append(key, said);
    Ok(key)
}

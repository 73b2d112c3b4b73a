//! Acts of users on their phones, in the JSON of `/_sim/act`.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, MsgKey, Seqno, Talker, Uid};

/// Something that a user does on the phone.
///
/// `uid` is the acting user, `other` another user, and `talker` the other side of one of the acting
/// user's sessions.
///
/// ```
/// use bili_im_sim::{Act, Uid};
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let act: Act = serde_json::from_str(r#"{"follow":{"uid":1,"other":2}}"#)?;
/// assert_eq!(act, Act::Follow { uid: Uid(1), other: Uid(2) });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the text above tells what the fields are")]
pub enum Act {
    /// Recalls one of the user's own messages, however old.
    Recall { uid: Uid, msg_key: MsgKey },
    /// The service removes a message, whoever wrote it; the recall that tells of it has
    /// `sys_cancel`.
    SysCancel { msg_key: MsgKey },
    /// Follows a user.
    Follow { uid: Uid, other: Uid },
    /// Unfollows a user.
    Unfollow { uid: Uid, other: Uid },
    /// Blocks a user.
    Block { uid: Uid, other: Uid },
    /// Unblocks a user.
    Unblock { uid: Uid, other: Uid },
    /// Joins a group. Earlier messages count as read.
    Join { uid: Uid, group: GroupId },
    /// Leaves a group, which also removes its session. The owner cannot leave.
    Leave { uid: Uid, group: GroupId },
    /// Dissolves a group, as its owner.
    Dissolve { group: GroupId },
    /// Marks a session as read.
    Ack {
        uid: Uid,
        talker: Talker,
        /// The newest message to mark; the newest of all when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upto: Option<Seqno>,
    },
    /// Pins a session.
    Pin { uid: Uid, talker: Talker },
    /// Unpins a session.
    Unpin { uid: Uid, talker: Talker },
    /// Mutes a session, even before it has a message.
    Mute { uid: Uid, talker: Talker },
    /// Unmutes a session.
    Unmute { uid: Uid, talker: Talker },
    /// Intercepts a user, even before the first message.
    Intercept { uid: Uid, other: Uid },
    /// Stops intercepting a user.
    Unintercept { uid: Uid, other: Uid },
    /// Removes a session until its next message.
    Remove { uid: Uid, talker: Talker },
    /// Kicks out the user's push connections, which then get no more notifications.
    KickOut { uid: Uid },
    /// Sends bytes that are no message over the user's push connections.
    PushGarbage { uid: Uid },
    /// Notifies the user of a message that does not exist.
    PushForged { uid: Uid },
}

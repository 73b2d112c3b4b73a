//! Acts of users on their phones, in the JSON of `/_sim/act`.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, MsgKey, Seqno, Talker, Uid};

/// Something that a user does on the phone.
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
pub enum Act {
    /// Recalls one of the user's own messages, however old.
    Recall {
        /// The acting user.
        uid: Uid,
        /// The message.
        msg_key: MsgKey,
    },
    /// Follows a user.
    Follow {
        /// The acting user.
        uid: Uid,
        /// The other user.
        other: Uid,
    },
    /// Unfollows a user.
    Unfollow {
        /// The acting user.
        uid: Uid,
        /// The other user.
        other: Uid,
    },
    /// Blocks a user.
    Block {
        /// The acting user.
        uid: Uid,
        /// The other user.
        other: Uid,
    },
    /// Unblocks a user.
    Unblock {
        /// The acting user.
        uid: Uid,
        /// The other user.
        other: Uid,
    },
    /// Joins a group. Earlier messages count as read.
    Join {
        /// The acting user.
        uid: Uid,
        /// The group.
        group: GroupId,
    },
    /// Leaves a group, which also removes its session.
    Leave {
        /// The acting user, who must not be the owner.
        uid: Uid,
        /// The group.
        group: GroupId,
    },
    /// Dissolves a group, as its owner.
    Dissolve {
        /// The group.
        group: GroupId,
    },
    /// Marks a session as read.
    Ack {
        /// The acting user.
        uid: Uid,
        /// The other side of the session.
        talker: Talker,
        /// The newest message to mark; the newest of all when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upto: Option<Seqno>,
    },
    /// Pins a session.
    Pin {
        /// The acting user.
        uid: Uid,
        /// The other side of the session.
        talker: Talker,
    },
    /// Unpins a session.
    Unpin {
        /// The acting user.
        uid: Uid,
        /// The other side of the session.
        talker: Talker,
    },
    /// Mutes a session, even before it has a message.
    Mute {
        /// The acting user.
        uid: Uid,
        /// The other side of the session.
        talker: Talker,
    },
    /// Unmutes a session.
    Unmute {
        /// The acting user.
        uid: Uid,
        /// The other side of the session.
        talker: Talker,
    },
    /// Intercepts a user, even before the first message.
    Intercept {
        /// The acting user.
        uid: Uid,
        /// The other user.
        other: Uid,
    },
    /// Stops intercepting a user.
    Unintercept {
        /// The acting user.
        uid: Uid,
        /// The other user.
        other: Uid,
    },
    /// Removes a session until its next message.
    Remove {
        /// The acting user.
        uid: Uid,
        /// The other side of the session.
        talker: Talker,
    },
}

//! The types of messages (docs/protocol.md §9).

use crate::numbered::numbered;

numbered! {
    /// The type of a message (`msg_type`, docs/protocol.md §9).
    MsgType {
        /// A text.
        Text = 1,
        /// An image.
        Image = 2,
        /// The recall of another message.
        Recall = 5,
        /// A custom emoticon.
        CustomEmoticon = 6,
        /// A shared video, article or the like.
        Share = 7,
        /// A mini program.
        MiniProgram = 9,
        /// A notice with buttons.
        Notice = 10,
        /// A pushed video.
        VideoPush = 11,
        /// A pushed article.
        ArticlePush = 12,
        /// A card with a picture.
        PictureCard = 13,
        /// A shared thing of another kind, such as a live room.
        ShareOther = 14,
        /// A creator's works, pushed to new followers.
        Works = 16,
        /// A tip of the system.
        SystemTip = 18,
        /// A message of an AI.
        Ai = 19,
        /// Someone joined the group.
        GroupJoined = 301,
        /// Someone left the group.
        GroupLeft = 302,
        /// The group was frozen.
        GroupFrozen = 303,
        /// The group was dissolved.
        GroupDissolved = 304,
        /// The group was opened.
        GroupOpened = 305,
        /// Someone joined the group: a second number for the same event.
        GroupJoinedToo = 306,
    }
}

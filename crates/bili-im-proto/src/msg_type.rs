//! The types of messages (docs/protocol.md §9).

use crate::numbered::numbered;

numbered! {
    /// The type of a message (`msg_type`, docs/protocol.md §9).
    MsgType {
        /// A text.
        Text = 1,
        /// An image.
        Image = 2,
        /// A recorded voice.
        Audio = 3,
        /// A share of an older kind.
        OldShare = 4,
        /// The recall of another message.
        Recall = 5,
        /// A custom emoticon.
        CustomEmoticon = 6,
        /// A shared video, article or the like.
        Share = 7,
        /// The system took a message back.
        SystemCancel = 8,
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
        /// A shared text with a link.
        TextShare = 15,
        /// A creator's works, pushed to new followers.
        Works = 16,
        /// A tip of the system.
        SystemTip = 18,
        /// A message of an AI.
        Ai = 19,
        /// A message of a business.
        Business = 50,
        /// A change of an earlier message. It is never shown.
        Modification = 51,
        /// A message of an AI: a second number for the same.
        AiToo = 52,
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

impl MsgType {
    /// Whether messages of this type are shown to people.
    pub fn is_shown(self) -> bool {
        self != Self::Modification
    }

    /// What kind of message it is, for types whose content has no known form.
    pub(crate) fn label(self) -> Option<&'static str> {
        Some(match self.number() {
            3 => "语音",
            4 => "分享",
            8 => "系统撤回",
            50 => "商业消息",
            51 => "消息修改",
            101..=118 => "通知",
            201..=213 => "群事件",
            400 | 401 => "系统消息",
            _ => return None,
        })
    }
}

//! The state of the service.

mod changes;
mod conversation;
mod lag;
mod logins;
mod mailbox;
mod permission;
mod phone;
mod qr_codes;
mod recall;
mod replies;
mod session;
mod settings;
mod whole;

pub(crate) use self::{
    changes::ChangeKind,
    conversation::{ConversationId, Written},
    logins::{Login, Logins},
    permission::Delivery,
    qr_codes::{QrCodes, Stage},
    replies::{
        BlockWord, KEYS_REPLY, LONGEST_BLOCK_WORD, MOST_BLOCK_WORDS, REPLY_KINDS, ReplyText,
    },
    session::{Session, SessionView},
    settings::SETTINGS,
    whole::State,
};

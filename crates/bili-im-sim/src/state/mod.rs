//! The state of the service.

mod changes;
mod conversation;
mod lag;
mod large;
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

pub use self::replies::{BlockWord, ReplyText};
pub(crate) use self::{
    changes::ChangeKind,
    conversation::{ConversationId, Written},
    logins::{Login, Logins},
    permission::Delivery,
    qr_codes::{QrCodes, Stage},
    replies::{KEYS_REPLY, LONGEST_BLOCK_WORD, MOST_BLOCK_WORDS, REPLY_KINDS},
    session::{Session, SessionView},
    settings::SETTINGS,
    whole::State,
};

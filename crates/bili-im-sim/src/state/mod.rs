//! The state of the service.

mod conversation;
mod lag;
mod logins;
mod mailbox;
mod permission;
mod phone;
mod qr_codes;
mod recall;
mod session;
mod settings;
mod whole;

pub(crate) use self::{
    conversation::{ConversationId, Written},
    logins::{Login, Logins},
    permission::Delivery,
    qr_codes::{QrCodes, Stage},
    session::{Session, SessionView},
    settings::SETTINGS,
    whole::State,
};

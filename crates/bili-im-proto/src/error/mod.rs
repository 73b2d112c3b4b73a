//! Errors. Each says what failed and what to do about it (docs/protocol.md §3).

mod call;
mod invalid;
mod refusal;

pub(crate) use self::{
    call::FIRST_BACK_OFF,
    invalid::{MOST_UIDS, check_talker, check_uids},
};
pub use self::{
    call::{Error, NotSent, RateLimited, Sent, Stopped, Transport, Unconfirmed, Unreadable},
    invalid::{ForeignCursor, Invalid, InvalidArgument, InvalidContent, Missing},
    refusal::{Refusal, RefusalKind},
};

//! What can go wrong, told so that the reader knows what to do (docs/protocol.md §3).

mod call;
mod invalid;
mod refusal;

pub(crate) use self::{call::FIRST_BACK_OFF, invalid::check_talker};
pub use self::{
    call::{Error, NotSent, RateLimited, Sent, Stopped, Transport, Unconfirmed, Unreadable},
    invalid::{ForeignCursor, Invalid, InvalidArgument, InvalidContent, Missing},
    refusal::{Refusal, RefusalKind},
};

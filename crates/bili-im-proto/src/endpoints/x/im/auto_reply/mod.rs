mod del_reply_text;
mod get_reply_text;
mod set_reply_text;

pub use self::{del_reply_text::*, get_reply_text::*, set_reply_text::*};

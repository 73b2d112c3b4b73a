mod get;
mod get_msg_dnd;
mod get_session_ss;
mod is_limit;
mod set;
mod set_msg_dnd;
mod set_push_ss;

pub use self::{
    get::*, get_msg_dnd::*, get_session_ss::*, is_limit::*, set::*, set_msg_dnd::*, set_push_ss::*,
};

//! Commands that run until they are told to stop.

mod about;
mod cursor_file;
mod driven;
mod exec;
mod line;
mod program;
mod replies;
mod senders;
mod stop;

pub(crate) use self::{
    about::About,
    cursor_file::{CursorFile, Place, Progress},
    driven::Driven,
    exec::Exec,
    line::EventLine,
    replies::{Answered, Kept, Replies},
    senders::Senders,
    stop::Stop,
};

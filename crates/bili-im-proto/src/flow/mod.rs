//! Conversations that take several steps, driven from outside.

mod call;
mod history;
mod image;
mod io;
mod login;
mod people;
mod recall;
mod run;
mod send;
mod sessions;
mod step;
mod watch;

pub(crate) use self::{
    call::{call, profile},
    history::history,
    image::send_image_file,
    people::people,
    recall::recall,
    send::{confirm, prepare, send, send_ticket},
    sessions::{all_sessions, sessions},
    watch::{cursor_now, watch, watch_unread},
};
pub use self::{
    history::History,
    login::{LoginOutcome, LoginStep, qr_login},
    run::Flow,
    step::{Failure, Input, Outgoing, Step},
};

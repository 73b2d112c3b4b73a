//! Parts of the commands that run until a signal stops them.

mod cursor_file;
mod driven;
mod event_output;
mod exec;
mod handler;
mod line;
mod program;
mod push;
mod replies;
mod stop;

pub(crate) use self::{
    cursor_file::{Place, Progress},
    driven::{Driven, Next},
    exec::Exec,
    handler::Handler,
    push::{PushChoice, Pushed},
    stop::Stop,
};

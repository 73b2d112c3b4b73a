//! Commands that run until they are told to stop.

mod about;
mod cursor_file;
mod driven;
mod exec;
mod handler;
mod line;
mod program;
mod replies;
mod stop;

pub(crate) use self::{
    cursor_file::{Place, Progress},
    driven::Driven,
    exec::Exec,
    handler::Handler,
    stop::Stop,
};

//! `bili-im serve`

mod command;
mod login;

pub(crate) use self::command::{Serve, read_outlets};

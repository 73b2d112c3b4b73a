//! `bili-im doctor`

mod archive;
mod check;
mod command;
mod files;
mod login;
mod network;

pub(crate) use self::command::Doctor;

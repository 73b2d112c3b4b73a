//! `bili-im demo`

mod adapter;
mod command;
mod scenes;
mod stage;

pub(crate) use self::command::Demo;

//! `bili-im demo`

mod adapter;
mod command;
mod scenes;
mod stage;
#[cfg(test)]
mod tests;

pub(crate) use self::command::Demo;

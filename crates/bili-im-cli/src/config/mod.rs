//! The file of settings, and the command that gives the cookie.

mod check;
mod cookie_command;
mod fault;
mod file;
mod setting;

pub(crate) use self::{
    check::{check, recheck},
    cookie_command::cookie,
    file::{Entry, path, value, value_for},
    setting::SETTINGS,
};

//! The file of settings, and the command that gives the cookie.

mod cookie_command;
mod fault;
mod file;
mod setting;

pub(crate) use self::{
    cookie_command::cookie,
    file::{Entry, check, path, recheck, value, value_for},
    setting::SETTINGS,
};

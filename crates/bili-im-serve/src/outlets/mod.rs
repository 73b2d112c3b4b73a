//! Outlets: webhooks and notifications. Each is a consumer with a task of its own.

mod config;
mod feed;
mod filter;
mod notify;
mod post;
mod reload;
mod running;
mod secret;
mod table;
mod template;
mod waits;
mod webhook;

pub use self::{config::Outlets, reload::reload};
pub(crate) use self::{
    feed::Feed,
    filter::{rights, said, text},
    notify::{Names, Note, Notifiers, NotifyError, link, value},
    running::Running,
    table::Table,
    template::{TEMPLATE, Template, cut},
};

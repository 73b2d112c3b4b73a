//! Outlets: webhooks and notifications. Each is a consumer with a task of its own.
//!
//! Below the core, which has them: `running` and what it holds. Above it: `tasks`, `feed`, and what
//! the tasks do, in `delivery` and `notify/delivery`.

mod delivery;
mod feed;
mod filter;
mod notify;
mod post;
mod running;
mod table;
mod tasks;
mod template;
mod waits;
mod webhook;

pub(crate) use self::{
    feed::Feed,
    filter::{rights, said, text},
    notify::{Names, Note, Notifier, NotifyError, link, value},
    running::{Entry, Kind, Running},
    table::{Fields, Table},
    template::{TEMPLATE, Template, cut},
    webhook::Webhook,
};

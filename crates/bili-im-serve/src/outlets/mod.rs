//! Outlets: webhooks and notifications. Each is a consumer with a task of its own.

mod delivery;
mod feed;
mod filter;
mod notify;
mod post;
mod running;
mod secret;
mod table;
mod tasks;
mod template;
mod waits;
mod webhook;

pub(crate) use self::{
    feed::Feed,
    filter::{rights, said, text},
    notify::{Names, Note, Notifier, Notifiers, NotifyError, link, value},
    running::{Entry, Kind, Running, Same},
    table::{Fields, Table},
    template::{TEMPLATE, Template, cut},
    webhook::Webhook,
};

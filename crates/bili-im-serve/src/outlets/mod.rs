//! Outlets: webhooks and notifications. Each is a consumer with a task of its own. `running` and
//! what it holds are below the core, which has them; `tasks` and what they do are above.

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

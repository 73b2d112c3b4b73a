//! Notifications for people.

mod apprise;
mod bark;
mod dingtalk;
mod feishu;
mod gathered;
mod gotify;
mod mail;
mod names;
mod note;
mod notifier;
mod notifiers;
mod ntfy;
mod serverchan;
mod service;
mod telegram;
mod telling;
#[cfg(test)]
mod testing;
mod way;
mod wecom;
mod words;

pub(crate) use self::{
    names::Names,
    note::Note,
    notifier::Notifier,
    notifiers::{Notifiers, NotifyError},
    words::{link, value},
};

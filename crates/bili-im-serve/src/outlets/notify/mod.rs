//! Notifications for people.

mod apprise;
mod bark;
mod delivery;
mod dingtalk;
mod feishu;
mod gathered;
mod gotify;
mod mail;
mod names;
mod notifier;
mod ntfy;
mod serverchan;
mod service;
mod telegram;
#[cfg(test)]
mod testing;
mod way;
mod wecom;
mod words;

pub(crate) use self::{
    delivery::NotifyError,
    names::Names,
    notifier::Notifier,
    service::Note,
    words::{link, value},
};

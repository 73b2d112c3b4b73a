//! Notifications for people.

mod apprise;
mod bark;
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
mod telling;
#[cfg(test)]
mod testing;
mod way;
mod wecom;
mod words;

pub(crate) use self::{
    names::Names,
    notifier::Notifier,
    service::Note,
    telling::NotifyError,
    words::{link, value},
};

//! Notifications for people.

mod apprise;
mod bark;
mod dingtalk;
mod feishu;
mod gathered;
mod gotify;
mod mail;
mod note;
mod notifier;
mod notifiers;
mod ntfy;
mod serverchan;
mod service;
mod telegram;
#[cfg(test)]
mod testing;
mod way;
mod wecom;
mod words;

pub(super) use self::notifier::Notifier;
pub(crate) use self::{
    note::Note,
    notifiers::{Notifiers, NotifyError},
    words::{Names, link, value},
};

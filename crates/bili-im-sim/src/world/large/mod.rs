//! A mailbox with very many messages, drawn from a seed.

mod content;
mod mailbox;
mod message;
mod options;
mod people;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

pub use self::options::Large;
pub(super) use self::people::FIRST_ID;
pub(crate) use self::{content::content, mailbox::Mailbox};

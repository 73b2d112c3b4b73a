//! JSON that several commands print. The crate's README explains the fields, which do not change.

mod answer;
mod answers;
mod content;
mod counts;
mod login;
mod message;
mod mirror;
mod session;

pub(crate) use self::{
    answer::{Answer, PlainText},
    answers::{SessionsJson, UserJson},
    counts::{CountsJson, CountsLine},
    message::MessageJson,
    session::SessionJson,
};

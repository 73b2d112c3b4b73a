//! JSON that several commands print. The crate's README explains the fields, which do not change.

mod answer;
mod answers;
mod content;
mod counts;
mod creator;
mod login;
mod message;
mod mirror;
mod session;

pub(crate) use self::{
    answer::{Answer, PlainText},
    answers::{OfficialJson, SessionsJson, UserJson},
    counts::{CountsJson, CountsLine},
    creator::{BlockWordsJson, ReplyTextsJson},
    message::MessageJson,
    session::SessionJson,
};

//! What the library knows, as the program's JSON has it. The fields are explained in the crate's README,
//! and stay.

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
    answers::{SessionsJson, UnknownSessionJson, UserJson},
    counts::{CountsJson, CountsLine},
    message::MessageJson,
    session::SessionJson,
};

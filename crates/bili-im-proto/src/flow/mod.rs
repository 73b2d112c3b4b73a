//! Conversations that take several steps, driven from outside.

mod answer;
mod call;
mod confirm;
mod history;
mod image;
mod io;
mod login;
mod pages;
mod people;
mod prelude;
mod read_back;
mod recall;
mod retry;
mod run;
mod send;
mod sessions;
mod step;
mod sync;
mod watch;

pub use self::{
    answer::{AnswerStep, Answered},
    history::History,
    login::{LoginOutcome, LoginStep, qr_login},
    run::Flow,
    step::{Failure, Input, Outgoing, Step},
};

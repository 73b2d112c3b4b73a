//! JSON that the program alone prints, and how people see what it shares with others. The crate's
//! README explains the fields, which do not change.

mod answer;
mod counts;
mod creator;
mod login;
mod settings;

pub(crate) use self::{
    answer::{Answer, PlainText},
    counts::{CountsLine, CountsOutput},
    creator::{BlockWordsOutput, ReplyTextsOutput},
    settings::SettingsOutput,
};

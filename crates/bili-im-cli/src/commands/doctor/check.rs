//! What a check found.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::{failure::Failure, style, words::on_one_line};

/// The finding of one check, one line for people.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) status: Status,
    message: String,
    /// What to do about it.
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Ok,
    /// It works, but one should know.
    Warning,
    /// It does not work.
    Fault,
}

impl Check {
    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            status: Status::Ok,
            message: message.into(),
            advice: None,
        }
    }

    pub(super) fn warning(
        name: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Warning,
            advice: Some(advice.into()),
            ..Self::ok(name, message)
        }
    }

    pub(super) fn fault(name: &'static str, failure: &Failure) -> Self {
        Self {
            status: Status::Fault,
            advice: failure.advice().map(str::to_owned),
            ..Self::ok(name, failure.message())
        }
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, message, .. } = self;
        let message = on_one_line(message);
        match self.status {
            Status::Ok => write!(f, "{}", style::good(text!("ok     ", "正常"))),
            Status::Warning => write!(f, "{}", style::doubtful(text!("warning", "注意"))),
            Status::Fault => write!(f, "{}", style::bad(text!("fault  ", "故障"))),
        }?;
        write!(f, "  {name:<7}  {message}")?;
        match &self.advice {
            Some(advice) => write_text!(
                f,
                "\n         to do:   {advice}",
                "\n      怎么办   {advice}"
            ),
            None => Ok(()),
        }
    }
}

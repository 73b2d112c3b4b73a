//! What a check found.

use std::fmt::{self, Display};

use console::{Alignment, pad_str};
use serde::Serialize;

use crate::{failure::Failure, style, words::on_one_line};

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Subject {
    Version,
    Config,
    Logins,
    State,
    Archive,
    Network,
    Clock,
    Login,
    Pace,
}

/// The finding of one check, one line for people.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: Subject,
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

impl Subject {
    fn words(self) -> &'static str {
        match self {
            Self::Version => text!("version", "版本"),
            Self::Config => text!("config", "配置"),
            Self::Logins => text!("logins", "登录档案"),
            Self::State => text!("state", "状态"),
            Self::Archive => text!("archive", "存档"),
            Self::Network => text!("network", "网络"),
            Self::Clock => text!("clock", "时钟"),
            Self::Login => text!("login", "账号"),
            Self::Pace => text!("pace", "频率"),
        }
    }
}

impl Check {
    pub(super) fn ok(name: Subject, message: impl Into<String>) -> Self {
        Self {
            name,
            status: Status::Ok,
            message: message.into(),
            advice: None,
        }
    }

    pub(super) fn warning(
        name: Subject,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Warning,
            advice: Some(advice.into()),
            ..Self::ok(name, message)
        }
    }

    pub(super) fn fault(name: Subject, failure: &Failure) -> Self {
        Self {
            status: Status::Fault,
            advice: failure.advice().map(str::to_owned),
            ..Self::ok(name, failure.message())
        }
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = pad_str(self.name.words(), 7, Alignment::Left, None);
        let message = on_one_line(&self.message);
        match self.status {
            Status::Ok => write!(f, "{}", style::good(text!("ok     ", "正常"))),
            Status::Warning => write!(f, "{}", style::doubtful(text!("warning", "注意"))),
            Status::Fault => write!(f, "{}", style::bad(text!("fault  ", "故障"))),
        }?;
        write!(f, "  {name}  {message}")?;
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

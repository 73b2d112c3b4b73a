//! What is wrong with the file of settings.

use std::{io, path::Path};

use super::setting::{SETTINGS, Scope, Setting};
use crate::{failure::Failure, profile_name, wording::Worded};

/// What is wrong. The words are made when they are shown: the file can hold the language.
#[derive(Debug)]
pub(super) enum Fault {
    Unreadable(io::Error),
    TooLong,
    /// Another user owns it, and can choose a program to run with it.
    OwnedByOther,
    /// As [`OwnedByOther`](Self::OwnedByOther), for users who can write it.
    WritableByOthers,
    NotText,
    Syntax {
        line: usize,
        words: String,
    },
    Unknown {
        line: usize,
        name: String,
    },
    /// A setting that the section of a profile cannot have.
    NotForProfiles {
        line: usize,
        name: String,
    },
    Section {
        line: usize,
        name: String,
    },
    Value {
        line: usize,
        setting: &'static Setting,
    },
}

impl Fault {
    pub(super) fn failure(&self, path: &Path) -> Failure {
        let place = path.display();
        let message = match self {
            Self::Unreadable(why) => format!("{place}: {}", why.worded()),
            Self::TooLong => {
                format_text!("{place}: it is longer than 1 MiB", "{place}：超过了 1 MiB")
            }
            Self::OwnedByOther => format_text!(
                "{place}: it belongs to another user, and it can name a program to run",
                "{place}：它属于其他用户，而它能指定要运行的程序"
            ),
            Self::WritableByOthers => format_text!(
                "{place}: others can write it, and it can name a program to run",
                "{place}：其他用户可以写它，而它能指定要运行的程序"
            ),
            Self::NotText => format_text!("{place}: it is not UTF-8", "{place}：不是 UTF-8"),
            Self::Syntax { line, words } => {
                format_text!(
                    "{place}, line {line}: {words}",
                    "{place} 第 {line} 行：不是有效的 TOML（{words}）"
                )
            }
            Self::Unknown { line, name } => format_text!(
                "{place}, line {line}: there is no setting {name}",
                "{place} 第 {line} 行：没有设置项 {name}"
            ),
            Self::NotForProfiles { line, name } => format_text!(
                "{place}, line {line}: a profile has no {name} of its own",
                "{place} 第 {line} 行：登录档案不能单独设置 {name}"
            ),
            Self::Section { line, name } => format_text!(
                "{place}, line {line}: {name} is no section",
                "{place} 第 {line} 行：{name} 不是可用的小节"
            ),
            Self::Value { line, setting } => {
                let (name, allowed) = (setting.name, setting.allowed());
                format_text!(
                    "{place}, line {line}: {name}: {allowed}",
                    "{place} 第 {line} 行：{name}：{allowed}"
                )
            }
        };
        Failure::wrong_use(message, self.advice())
    }

    fn advice(&self) -> String {
        let names = |is_wanted: fn(&Setting) -> bool| {
            let names = SETTINGS.iter().filter(|setting| is_wanted(setting));
            names
                .map(|setting| setting.name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Unknown { .. } => {
                let names = names(|_| true);
                format_text!("the settings are {names}", "设置项有 {names}")
            }
            Self::NotForProfiles { .. } => {
                let names = names(|setting| setting.scope != Scope::Program);
                format_text!("a profile can have {names}", "登录档案可以设置 {names}")
            }
            Self::Section { .. } => {
                let allowed = profile_name::allowed();
                format_text!(
                    "sections are [profiles.NAME]; {allowed}",
                    "小节写成 [profiles.NAME]；{allowed}"
                )
            }
            Self::OwnedByOther => text!("use a file of your own", "换成自己的文件").to_owned(),
            Self::WritableByOthers => {
                text!("chmod go-w it", "用 chmod go-w 去掉别人的写权限").to_owned()
            }
            _ => text!(
                "mend it: bili-im config edit",
                "请修正：bili-im config edit"
            )
            .to_owned(),
        }
    }
}

//! Checks the file of settings, and says what is wrong with it.

use std::path::Path;

use super::{
    fault::Fault,
    file::{entries, entries_in, path},
    setting::{Kind, SETTINGS, Scope, Setting},
};
use crate::{failure::Failure, profile_name, wording::Worded};

/// Fails when the file is faulty.
pub(crate) fn check() -> Result<(), Failure> {
    let checked = entries().as_ref().map(drop);
    checked.map_err(|fault| failure(fault, &path().unwrap_or_default()))
}

/// Reads the file again, and fails when it is faulty.
pub(crate) fn recheck(path: &Path) -> Result<(), Failure> {
    let checked = entries_in(path).map(drop);
    checked.map_err(|fault| failure(&fault, path))
}

fn failure(fault: &Fault, path: &Path) -> Failure {
    let place = path.display();
    let message = match fault {
        Fault::Unreadable(why) => format!("{place}: {}", why.worded()),
        Fault::TooLong => {
            format_text!("{place}: it is longer than 1 MiB", "{place}：超过了 1 MiB")
        }
        Fault::OwnedByOther => format_text!(
            "{place}: it belongs to another user, and it can name a program to run",
            "{place}：它属于其他用户，而它能指定要运行的程序"
        ),
        Fault::WritableByOthers => format_text!(
            "{place}: others can write it, and it can name a program to run",
            "{place}：其他用户可以写它，而它能指定要运行的程序"
        ),
        Fault::NotText => format_text!("{place}: it is not UTF-8", "{place}：不是 UTF-8"),
        Fault::Syntax { line, words } => {
            format_text!(
                "{place}, line {line}: {words}",
                "{place} 第 {line} 行：不是有效的 TOML（{words}）"
            )
        }
        Fault::Unknown { line, name } => format_text!(
            "{place}, line {line}: there is no setting {name}",
            "{place} 第 {line} 行：没有设置项 {name}"
        ),
        Fault::NotForProfiles { line, name } => format_text!(
            "{place}, line {line}: a profile has no {name} of its own",
            "{place} 第 {line} 行：登录档案不能单独设置 {name}"
        ),
        Fault::Section { line, name } => format_text!(
            "{place}, line {line}: {name} is no section",
            "{place} 第 {line} 行：{name} 不是可用的小节"
        ),
        Fault::Value { line, setting } => {
            let (name, allowed) = (setting.name, allowed(setting));
            format_text!(
                "{place}, line {line}: {name}: {allowed}",
                "{place} 第 {line} 行：{name}：{allowed}"
            )
        }
    };
    Failure::wrong_use(message, advice(fault))
}

fn advice(fault: &Fault) -> String {
    let names = |is_wanted: fn(&Setting) -> bool| {
        let names = SETTINGS.iter().filter(|setting| is_wanted(setting));
        names
            .map(|setting| setting.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match fault {
        Fault::Unknown { .. } => {
            let names = names(|_| true);
            format_text!("the settings are {names}", "设置项有 {names}")
        }
        Fault::NotForProfiles { .. } => {
            let names = names(|setting| setting.scope != Scope::Program);
            format_text!("a profile can have {names}", "登录档案可以设置 {names}")
        }
        Fault::Section { .. } => {
            let allowed = profile_name::allowed();
            format_text!(
                "sections are [profiles.NAME]; {allowed}",
                "小节写成 [profiles.NAME]；{allowed}"
            )
        }
        Fault::OwnedByOther => text!("use a file of your own", "换成自己的文件").to_owned(),
        Fault::WritableByOthers => {
            text!("chmod go-w it", "用 chmod go-w 去掉别人的写权限").to_owned()
        }
        _ => text!(
            "mend it: bili-im config edit",
            "请修正：bili-im config edit"
        )
        .to_owned(),
    }
}

/// What a setting can be.
fn allowed(setting: &Setting) -> String {
    match setting.kind {
        Kind::OneOf(known) => {
            let known: Vec<String> = known.iter().map(|name| format!("\"{name}\"")).collect();
            let known = known.join(", ");
            format_text!("allowed are {known}", "可以是 {known}")
        }
        Kind::Switch => text!("allowed are true and false", "可以是 true 或 false").to_owned(),
        Kind::Endpoint => text!(
            "an address like https://HOST is wanted; plain http only on this machine",
            "这里要填 https://HOST 这样的地址；只有本机可以用 http"
        )
        .to_owned(),
        Kind::Profile => profile_name::allowed().to_owned(),
        Kind::Text => text!("a text in quotes is wanted", "这里要填引号里的文本").to_owned(),
    }
}

//! What is wrong with the arguments.

use std::{env, error::Error};

use bili_im_proto::Printable;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::chinese;
use crate::{
    failure::Failure,
    language::{Language, current},
};

/// The failure that clap's error is.
pub(crate) fn wrong_arguments(error: &clap::Error) -> Failure {
    let (message, advice) = match current() {
        Language::English => english(error),
        Language::Chinese => in_chinese(error).unwrap_or_else(|| english(error)),
    };
    let [message, advice] = [message, advice].map(without_secrets);
    Failure::wrong_use(
        Printable(&message).to_string(),
        Printable(&advice).to_string(),
    )
}

/// Clap's own words.
fn english(error: &clap::Error) -> (String, String) {
    let text = error.render().to_string();
    // Clap's paragraphs: what is wrong, perhaps a tip, the usage, where to find help.
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        let lines = paragraph.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    });
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let advice = paragraphs.next().unwrap_or_default();
    let advice = advice.strip_prefix("tip: ").unwrap_or(&advice);
    (message.to_owned(), advice.to_owned())
}

/// The same in Chinese; `None` for a kind of error that has no words here.
fn in_chinese(error: &clap::Error) -> Option<(String, String)> {
    let said = |kind| error.get(kind).map(shown).unwrap_or_default();
    let arg = said(ContextKind::InvalidArg);
    let value = said(ContextKind::InvalidValue);
    let message = match error.kind() {
        ErrorKind::UnknownArgument => format!("没有参数 {arg}"),
        ErrorKind::InvalidSubcommand => {
            format!("没有命令 {}", said(ContextKind::InvalidSubcommand))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} 缺少值"),
        ErrorKind::InvalidValue => {
            let known = said(ContextKind::ValidValue);
            format!("{arg} 的值 {value} 无效，可选：{known}")
        }
        ErrorKind::ValueValidation => match error.source() {
            Some(reason) => format!("{arg} 的值 {value} 无效：{reason}"),
            None => format!("{arg} 的值 {value} 无效"),
        },
        ErrorKind::TooManyValues => format!("{arg} 不能再有值 {value}"),
        ErrorKind::ArgumentConflict => match said(ContextKind::PriorArg) {
            same if same == arg => format!("{arg} 只能给一次"),
            prior => format!("{arg} 和 {prior} 不能同时使用"),
        },
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {arg}"),
        ErrorKind::MissingSubcommand => "缺少子命令".to_owned(),
        ErrorKind::InvalidUtf8 => "参数不是有效的 UTF-8".to_owned(),
        _ => return None,
    };
    Some((message, suggestion(error)))
}

/// What was probably meant, else the usage.
fn suggestion(error: &clap::Error) -> String {
    let kinds = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let meant = kinds.into_iter().find_map(|kind| error.get(kind));
    if let Some(meant) = meant {
        return format!("是不是想用 {}？", shown(meant));
    }
    let text = error.render().to_string();
    let usage = text
        .split("\n\n")
        .find(|part| part.starts_with("Usage: "))
        .map(str::trim);
    match usage {
        Some(usage) => chinese::page(usage.to_owned()),
        None => "用 --help 查看用法".to_owned(),
    }
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join("、"),
        other => other.to_string(),
    }
}

/// Masks cookies in clap's error, which repeats the arguments.
///
/// The program takes no cookie as an argument, but a user may try. Errors often end up in logs.
fn without_secrets(text: String) -> String {
    env::args_os().fold(text, |text, argument| {
        let argument = argument.to_string_lossy();
        let value = argument.strip_prefix("--cookie-stdin=").or_else(|| {
            Some(&*argument).filter(|a| a.contains("SESSDATA") || a.contains("bili_jct"))
        });
        match value {
            Some(secret) if !secret.is_empty() => text.replace(secret, "***"),
            _ => text,
        }
    })
}

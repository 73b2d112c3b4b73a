//! The help in Chinese.

use clap::{
    Arg, Command,
    builder::{PossibleValue, PossibleValuesParser},
};

use super::texts::TEXTS;
use crate::language::{Language, current};

/// Words that clap itself puts into a page.
const WORDS: &[(&str, &str)] = &[
    ("Usage: ", "用法："),
    ("Usage:", "用法："),
    ("Arguments:", "参数："),
    ("Options:", "选项："),
    ("Common options:", "通用选项："),
    ("Commands:", "命令："),
    ("Possible values:", "可选值："),
    ("Examples:", "示例："),
    ("Example:", "示例："),
    ("[possible values: ", "[可选："),
    ("[default: ", "[默认："),
    ("[OPTIONS]", "[选项]"),
    ("[COMMAND]", "[命令]"),
    ("<COMMAND>", "<命令>"),
];

/// A page with clap's own words in the language of the user.
pub(super) fn in_language(text: String) -> String {
    match current() {
        Language::English => text,
        Language::Chinese => page(text),
    }
}

/// A page with clap's own words in Chinese.
pub(super) fn page(text: String) -> String {
    WORDS.iter().fold(text, |text, (english, chinese)| {
        text.replace(english, chinese)
    })
}

/// The headings of a manual page.
const HEADINGS: &[(&str, &str)] = &[
    ("NAME", "名称"),
    ("SYNOPSIS", "概要"),
    ("DESCRIPTION", "描述"),
    ("OPTIONS", "选项"),
    ("\"COMMON OPTIONS\"", "通用选项"),
    ("SUBCOMMANDS", "命令"),
    ("EXTRA", "说明"),
    ("VERSION", "版本"),
];

/// A manual page with the headings in the language of the user.
pub(crate) fn headings(page: &str) -> String {
    let heading = |english: &str| {
        let known = HEADINGS.iter().find(|(known, _)| *known == english);
        match current() {
            Language::English => (english == "EXTRA").then_some("NOTES"),
            Language::Chinese => known.map(|(_, chinese)| *chinese),
        }
    };
    let lines = page.lines().map(|line| {
        let heading = line.strip_prefix(".SH ").and_then(heading);
        heading.map_or_else(|| format!("{line}\n"), |heading| format!(".SH {heading}\n"))
    });
    in_language(lines.collect())
}

/// A command with its Chinese texts.
pub(super) fn translated(command: Command, path: &str) -> Command {
    let mut command = command;
    if let Some(about) = of_command(path) {
        command = command.about(about).long_about(None::<&str>);
    }
    if let Some(examples) = text(&format!("{path} examples")) {
        command = command.after_help(examples);
    }
    (command.mut_args(|arg| translated_arg(arg, path))).mut_subcommands(|command| {
        let path = format!("{path} {}", command.get_name());
        translated(command, path.trim_start())
    })
}

fn translated_arg(mut arg: Arg, path: &str) -> Arg {
    let key = key(&arg);
    if let Some(help) = of_arg(path, &key) {
        arg = arg.help(help).long_help(None::<&str>);
    }
    let values = arg.get_possible_values();
    if values.iter().all(|value| value.get_help().is_none()) {
        return arg;
    }
    let values = values.into_iter().map(|value| {
        let help = of_arg(path, &format!("{key}={}", value.get_name()));
        PossibleValue::new(value.get_name().to_owned()).help(help.unwrap_or_default())
    });
    arg.value_parser(PossibleValuesParser::new(values))
}

/// What a command does. Each `help` does the same.
fn of_command(path: &str) -> Option<&'static str> {
    text(if path.ends_with(" help") {
        "help"
    } else {
        path
    })
}

/// The text of an argument: that of the command, else the one for every command.
fn of_arg(path: &str, key: &str) -> Option<&'static str> {
    text(&format!("{path} {key}")).or_else(|| text(key))
}

/// An option as it is written, or the name of a positional argument.
fn key(arg: &Arg) -> String {
    match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => format!("<{}>", arg.get_id()),
    }
}

fn text(key: &str) -> Option<&'static str> {
    let found = TEXTS.iter().find(|(known, _)| *known == key);
    found.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::help::described;

    /// The keys of texts that a command needs.
    fn needed(command: &Command, path: &str, keys: &mut BTreeSet<String>) {
        if path.ends_with(" help") || path == "help" {
            // Clap repeats the commands there.
            keys.insert("help".to_owned());
            return;
        }
        keys.insert(path.to_owned());
        let examples = command.get_after_help().map(ToString::to_string);
        if examples.is_some_and(|examples| has_words(&examples)) {
            keys.insert(format!("{path} examples"));
        }
        for arg in command.get_arguments() {
            let key = key(arg);
            keys.insert(own_or_common(path, &key));
            let values = arg.get_possible_values().into_iter();
            for value in values.filter(|value| value.get_help().is_some()) {
                keys.insert(own_or_common(path, &format!("{key}={}", value.get_name())));
            }
        }
        for command in command.get_subcommands() {
            let path = format!("{path} {}", command.get_name());
            needed(command, path.trim_start(), keys);
        }
    }

    /// Whether there is more than a heading and commands.
    fn has_words(examples: &str) -> bool {
        let is_command = |line: &str| {
            let bare = line.trim_start();
            bare.len() + 2 == line.len() && !bare.contains("     ")
        };
        let lines = examples.lines();
        let mut lines = lines.filter(|line| !matches!(*line, "Example:" | "Examples:"));
        lines.any(|line| !is_command(line))
    }

    fn own_or_common(path: &str, key: &str) -> String {
        let own = format!("{path} {key}");
        if text(&own).is_some() {
            own
        } else {
            key.to_owned()
        }
    }

    #[test]
    fn every_text_of_the_help_is_there_once_and_none_is_left_over() {
        let mut keys = BTreeSet::new();
        needed(&described(), "", &mut keys);
        let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
        let known: BTreeSet<&str> = TEXTS.iter().map(|(key, _)| *key).collect();
        assert_eq!(known.len(), TEXTS.len(), "a key is there twice");
        let missing: Vec<_> = keys.difference(&known).collect();
        assert!(missing.is_empty(), "without a Chinese text: {missing:#?}");
        if cfg!(feature = "sim") {
            let unused: Vec<_> = known.difference(&keys).collect();
            assert!(unused.is_empty(), "no help has: {unused:#?}");
        }
    }

    #[test]
    fn the_commands_in_the_examples_are_the_same() {
        fn code(examples: &str) -> Vec<&str> {
            let lines = examples.lines().filter(|line| line.starts_with("  "));
            let code = lines.filter_map(|line| line.trim_start().split("     ").next());
            code.collect()
        }
        let program = described();
        for (key, chinese) in TEXTS {
            let Some(name) = key.strip_suffix(" examples") else {
                continue;
            };
            let command = match name {
                "" => &program,
                name => program.find_subcommand(name).unwrap(),
            };
            let english = command.get_after_help().unwrap().to_string();
            assert_eq!(code(chinese), code(&english), "{key}");
        }
    }
}

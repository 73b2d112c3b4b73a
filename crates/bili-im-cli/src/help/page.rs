//! The pages of help: of the program and of each command.

use std::io::{self, Write};

use clap::{Arg, Command, CommandFactory};

use super::{chinese, groups};
use crate::{
    cli::Cli,
    language::{Language, current},
};

/// Commands without a login, each with the common options that it ignores.
const IGNORED: &[(&str, &[&str])] = &[
    (
        "profiles",
        &["endpoint", "cookie_file", "cookie_stdin", "paced"],
    ),
    ("config", &["cookie_file", "cookie_stdin"]),
    ("completions", ALL_BUT_LANGUAGE),
    ("man", ALL_BUT_LANGUAGE),
    ("search", ARCHIVE_OPTIONS),
    ("export", ARCHIVE_OPTIONS),
    ("import", ARCHIVE_OPTIONS),
    ("stats", ARCHIVE_OPTIONS),
    #[cfg(feature = "serve")]
    ("rules", ARCHIVE_OPTIONS),
    ("decode", LOGIN_OPTIONS),
    #[cfg(feature = "sim")]
    ("sim", LOGIN_OPTIONS),
    #[cfg(feature = "sim")]
    ("demo", LOGIN_OPTIONS),
];

const ALL_BUT_LANGUAGE: &[&str] = &[
    "json",
    "fields",
    "color",
    "no_pager",
    "quiet",
    "verbose",
    "endpoint",
    "cookie_file",
    "cookie_stdin",
    "profile",
    "paced",
];

/// Where the archive is depends on the profile and the service, and on no login.
const ARCHIVE_OPTIONS: &[&str] = &["cookie_file", "cookie_stdin", "paced"];

const LOGIN_OPTIONS: &[&str] = &[
    "endpoint",
    "cookie_file",
    "cookie_stdin",
    "profile",
    "paced",
];

/// The command line with all that the help says, in the language of the user.
pub(crate) fn described() -> Command {
    let mut command = Cli::command();
    command.build();
    let command = IGNORED.iter().fold(command, |command, (name, ignored)| {
        let hide = |arg: Arg| {
            let is_ignored = ignored.contains(&arg.get_id().as_str());
            if is_ignored { arg.hide(true) } else { arg }
        };
        command.mut_subcommand(name, |command| command.mut_args(hide))
    });
    match current() {
        Language::English => command,
        Language::Chinese => chinese::translated(command, ""),
    }
}

/// The same, with the list of commands grouped.
pub(crate) fn for_help() -> Command {
    let command = described();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{{all-args}}{{after-help}}",
        groups::listed(&command)
    );
    (command.help_template(template))
        .override_usage("bili-im [OPTIONS] <COMMAND>")
        .mut_subcommands(|command| command.hide(true))
}

/// Prints the help or the version: what clap made of the arguments and [`for_help`].
pub(crate) fn print(help: &clap::Error) {
    let text = help.render();
    let is_error = help.use_stderr();
    let text = if shows_colour(is_error) {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    let mut text = chinese::in_language(text);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // A reader that closes the pipe early is no error.
    let _written = if is_error {
        io::stderr().lock().write_all(text.as_bytes())
    } else {
        io::stdout().lock().write_all(text.as_bytes())
    };
}

fn shows_colour(is_error: bool) -> bool {
    if is_error {
        console::colors_enabled_stderr()
    } else {
        console::colors_enabled()
    }
}

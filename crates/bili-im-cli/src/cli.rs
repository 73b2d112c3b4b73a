//! The command line: parses the arguments, runs the command and reports its failure.

use std::{env, ffi::OsString, mem::ManuallyDrop, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, error::ErrorKind};

use crate::{args::Global, commands::Command, failure::Failure, output::Output};

const EXAMPLES: &str = "\
Log in with `bili-im login`, or give the cookie of a browser that is logged in:
from stdin, a file or the environment (BILI_IM_COOKIE), never as an argument.

Examples:
  bili-im login
  bili-im sessions
  bili-im send 1 'up主你好'
  bili-im unread --json | jq .follow_unread

Exit codes: 0 done, 1 other, 2 wrong use, 3 not logged in, 4 refused by the
service, 5 too fast or risk control, 6 network, 7 unknown whether sent.";

/// bilibili private messages (私信) at a terminal.
#[derive(Debug, Parser)]
#[command(
    name = "bili-im",
    version,
    after_help = EXAMPLES,
    arg_required_else_help = true,
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Commands without a login, each with the common options that it ignores.
const IGNORED: &[(&str, &[&str])] = &[
    (
        "profiles",
        &["endpoint", "cookie_file", "cookie_stdin", "paced"],
    ),
    ("search", &["cookie_file", "cookie_stdin", "paced"]),
    ("decode", LOGIN_OPTIONS),
    #[cfg(feature = "sim")]
    ("sim", LOGIN_OPTIONS),
    #[cfg(feature = "sim")]
    ("demo", LOGIN_OPTIONS),
];

const LOGIN_OPTIONS: &[&str] = &[
    "endpoint",
    "cookie_file",
    "cookie_stdin",
    "profile",
    "paced",
];

/// The command line for its help: it has a line about every command, and each command leaves out the
/// options that it ignores.
fn for_help() -> clap::Command {
    let mut whole = Cli::command();
    whole.build();
    let about = |name: &str| whole.find_subcommand(name)?.get_about().cloned();
    let command = Cli::command().mut_subcommands(|command| {
        let about = about(command.get_name());
        command.about(about.unwrap_or_default())
    });
    let common: Vec<clap::Arg> = command.get_arguments().cloned().collect();
    IGNORED.iter().fold(command, |command, (name, ignored)| {
        let hidden = common
            .iter()
            .filter(|arg| ignored.contains(&arg.get_id().as_str()));
        let hidden: Vec<_> = hidden.map(|arg| arg.clone().hide(true)).collect();
        command.mut_subcommand(name, |command| command.args(hidden))
    })
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    match parse(Cli::command()) {
        Ok(Cli { global, command }) => {
            let out = Output::new(global.json);
            match command.run(&global, out) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => out.fail(&failure),
            }
        }
        Err(error) if is_help(error.kind()) && !has_dashed_text() => {
            let help = parse(for_help()).err();
            // A reader that closes the pipe early is no error.
            let _written = help.as_ref().unwrap_or(&error).print();
            u8::try_from(error.exit_code()).unwrap_or(1).into()
        }
        Err(error) if is_help(error.kind()) => Output::new(wants_json()).fail(&Failure::wrong_use(
            "a text that begins with a dash looks like an option",
            "put -- before it",
        )),
        Err(error) => Output::new(wants_json()).fail(&Failure::usage(&error)),
    }
}

fn parse(command: clap::Command) -> Result<Cli, clap::Error> {
    // Freeing each part of the description takes time, and the process ends soon.
    let mut command = ManuallyDrop::new(command);
    let mut matches = command.try_get_matches_from_mut(env::args_os())?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

fn is_help(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// Whether clap took an argument such as `-hello` for `-h`.
///
/// Then the help must not be printed: a text was to be sent, and exit code 0 would look like
/// success.
fn has_dashed_text() -> bool {
    options().any(|argument| {
        let argument = argument.to_string_lossy();
        argument.starts_with("-h") && argument.len() > "-h".len()
    })
}

/// Whether an error in the arguments is printed as JSON.
fn wants_json() -> bool {
    options().any(|argument| argument == "--json")
}

/// The arguments before `--`, which can be options.
fn options() -> impl Iterator<Item = OsString> {
    env::args_os().take_while(|argument| argument != "--")
}

//! The command line: parses the arguments, runs the command and reports its failure.

use std::{env, mem::ManuallyDrop, process::ExitCode};

use clap::{Args, CommandFactory, FromArgMatches, Parser, error::ErrorKind};

use crate::{
    args::Global, command_line::options, commands::Command, config, failure::Failure, help,
    output::Output, style,
};

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
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    style::apply_option();
    let called = called().and_then(|command| parse(command).ok());
    match called.map_or_else(|| parse(Cli::command()), Ok) {
        Ok(Cli {
            mut global,
            command,
        }) => {
            let ready = config::check().and_then(|()| global.complete());
            let ready = ready.or_else(|failure| match command.needs_no_settings() {
                true => Ok(()),
                false => Err(failure),
            });
            let out = Output::of(&global);
            match ready.and_then(|()| command.run(&global, out)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => out.fail(&failure),
            }
        }
        Err(error) if is_help(error.kind()) && !has_dashed_text() => {
            let help = parse(help::for_help()).err();
            help::print(help.as_ref().unwrap_or(&error));
            u8::try_from(error.exit_code()).unwrap_or(1).into()
        }
        Err(error) if is_help(error.kind()) => Output::new(wants_json()).fail(&Failure::wrong_use(
            text!(
                "a text that begins with a dash looks like an option",
                "以短横线开头的文本被当成了选项"
            ),
            text!("put -- before it", "在它前面加上 --"),
        )),
        Err(error) => Output::new(wants_json()).fail(&help::wrong_arguments(&error)),
    }
}

/// The description of the command that is called, without the others.
///
/// Clap copies the common options into every command that it knows, which takes longer than the
/// rest of the parsing. What cannot be parsed so is parsed again with all of them, for the error.
fn called() -> Option<clap::Command> {
    let mut all = ManuallyDrop::new(Cli::command());
    let command = options().find_map(|name| {
        let command = all.find_subcommand_mut(name)?;
        Some(std::mem::take(command))
    })?;
    Some(Global::augment_args(clap::Command::default()).subcommand(command))
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

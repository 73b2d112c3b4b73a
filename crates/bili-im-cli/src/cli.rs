//! What the program takes at its command line.

use std::{env, ffi::OsString, path::PathBuf, process::ExitCode, time::Duration};

use bili_im_proto::{InvalidOrigin, Origin, Talker, Uid};
use clap::{Args, Parser, error::ErrorKind};

use crate::{
    commands::Command, credentials, failure::Failure, output::Output, profiles::ProfileName,
};

const ENDPOINT: &str = "BILI_IM_ENDPOINT";

const PROFILE: &str = "BILI_IM_PROFILE";

const EXAMPLES: &str = "\
Log in with `bili-im login`, or give the cookie of a browser that is logged in:
from stdin, a file or the environment (BILI_IM_COOKIE), never as an argument.

Examples:
  bili-im login
  bili-im sessions
  bili-im send 1 'up主你好'
  bili-im unread --json | jq .follow_unread

Exit codes: 0 done, 1 other, 2 wrong use, 3 not logged in, 4 refused by the
service, 5 too fast or risk control, 6 network, 7 sent or not, it is unknown.";

/// bilibili private messages (私信) at a terminal.
#[derive(Debug, Parser)]
#[command(
    name = "bili-im",
    version,
    after_help = EXAMPLES,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print one JSON object; errors too, on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where the service is, when not at bilibili; plain http only on this machine
    /// [env: BILI_IM_ENDPOINT]
    #[arg(long, global = true, value_name = "URL")]
    endpoint: Option<Origin>,
    /// Read the cookie from a file
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) cookie_file: Option<PathBuf>,
    /// Read the cookie from stdin
    #[arg(long, global = true, conflicts_with = "cookie_file")]
    pub(crate) cookie_stdin: bool,
    /// Use the login kept under this name [env: BILI_IM_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Keep bilibili's pace with a service on this machine too
    #[arg(long, global = true)]
    pub(crate) paced: bool,
}

impl Global {
    /// Where the service is, when not at bilibili.
    pub(crate) fn endpoint(&self) -> Result<Option<Origin>, Failure> {
        // Not left to clap, whose usage line would show it as if it were needed.
        if self.endpoint.is_some() {
            return Ok(self.endpoint.clone());
        }
        let Some(text) = env::var_os(ENDPOINT).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        text.to_string_lossy()
            .parse()
            .map(Some)
            .map_err(|invalid: InvalidOrigin| {
                Failure::wrong_use(
                    format!("{ENDPOINT}: {invalid}"),
                    "set it to the address of a service, or unset it for bilibili",
                )
            })
    }
}

impl Global {
    /// Which login to use of those that are kept.
    pub(crate) fn profile(&self) -> Result<ProfileName, Failure> {
        if let Some(name) = &self.profile {
            return Ok(name.clone());
        }
        let Some(text) = env::var_os(PROFILE).filter(|text| !text.is_empty()) else {
            return Ok(ProfileName::default());
        };
        text.to_string_lossy().parse().map_err(|invalid| {
            Failure::wrong_use(
                format!("{PROFILE}: {invalid}"),
                "set it to one that bili-im profiles shows, or unset it",
            )
        })
    }

    /// What tells another command, in its environment, where the service is and which login to use, as
    /// far as that was said with this very command, and which account that is.
    pub(crate) fn as_variables(&self, own: Uid) -> Vec<(&'static str, String)> {
        let endpoint = self.endpoint.as_ref();
        let profile = self.profile.as_ref();
        let variables = [
            endpoint.map(|endpoint| (ENDPOINT, endpoint.to_string())),
            profile.map(|profile| (PROFILE, profile.to_string())),
            Some((credentials::ACCOUNT, own.to_string())),
        ];
        variables.into_iter().flatten().collect()
    }

    /// Whether that was said with this very command.
    pub(crate) fn is_profile_asked_for(&self) -> bool {
        self.profile.is_some()
    }
}

/// Whom a message is to or from.
#[derive(Debug, Args)]
pub(crate) struct To {
    /// The receiver's number
    #[arg(value_parser = number)]
    uid: u64,
    /// The number is that of a fan group
    #[arg(long)]
    group: bool,
}

impl To {
    pub(crate) fn talker(&self) -> Talker {
        if self.group {
            Talker::group(self.uid)
        } else {
            Talker::user(self.uid)
        }
    }
}

/// What every command takes that changes something.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DryRun {
    /// Print the request that would be made as a curl command, without secrets, and do not make it
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A number that names somebody or something.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("0 is nobody's number and no message's".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("a number is wanted, {} at most", u64::MAX)),
    }
}

/// How often to ask.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        None | Some(Duration::ZERO) => Err("a number of seconds is wanted, such as 20".to_owned()),
        Some(seconds) => Ok(seconds),
    }
}

/// The whole program.
pub(crate) fn run() -> ExitCode {
    match Cli::try_parse() {
        Ok(Cli { global, command }) => {
            let out = Output::new(global.json);
            match command.run(&global, out) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => out.fail(&failure),
            }
        }
        Err(error) if is_help(error.kind()) && !is_dashed_text_there() => {
            // A reader who has seen enough is no error.
            let _seen = error.print();
            u8::try_from(error.exit_code()).unwrap_or(1).into()
        }
        Err(error) if is_help(error.kind()) => Output::new(wants_json()).fail(&Failure::wrong_use(
            "a text that begins with a dash looks like an option",
            "put -- before it",
        )),
        Err(error) => Output::new(wants_json()).fail(&Failure::usage(&error)),
    }
}

fn is_help(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// Whether an argument such as `-hello` was taken for `-h`. Help for a text that is not sent would be
/// taken for success.
fn is_dashed_text_there() -> bool {
    options().any(|argument| {
        let argument = argument.to_string_lossy();
        argument.starts_with("-h") && argument.len() > "-h".len()
    })
}

/// Whether an error in the arguments is to be told as JSON.
fn wants_json() -> bool {
    options().any(|argument| argument == "--json")
}

/// The arguments that can be options.
fn options() -> impl Iterator<Item = OsString> {
    env::args_os().take_while(|argument| argument != "--")
}

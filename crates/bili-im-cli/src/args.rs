//! Arguments that several commands take.

use std::{env, path::PathBuf, time::Duration};

use bili_im_proto::{InvalidOrigin, Origin, Talker};
use clap::Args;

use crate::{
    command_line::{options, value_of},
    config::{self, Entry},
    failure::Failure,
    language::Language,
    profile_name::ProfileName,
    style::When,
    variables::{ENDPOINT, PROFILE},
    wording::Worded,
};

/// The arguments that every command takes. The help shows only those that the command uses.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Global {
    /// Print one JSON object; errors too, on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print only these fields of the JSON, with dots for those within others
    #[arg(
        long,
        global = true,
        value_name = "FIELD,…",
        value_delimiter = ',',
        requires = "json"
    )]
    pub(crate) fields: Vec<String>,
    /// The language [env: BILI_IM_LANG]
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// When there are colours; by default at terminals, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    color: Option<When>,
    /// Do not show long listings in PAGER, by default less
    #[arg(long, global = true)]
    pub(crate) no_pager: bool,
    /// Print no warnings, remarks or progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Show the requests on stderr, and what happens on a push connection
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Where the service is, when not at bilibili; plain http only on this machine
    /// [env: BILI_IM_ENDPOINT]
    #[arg(long, global = true, value_name = "URL", value_parser = origin)]
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
    /// The service's address; `None` stands for bilibili.
    pub(crate) fn endpoint(&self) -> Result<Option<Origin>, Failure> {
        // Clap's `env` would show the option in every usage line as if it were required.
        if self.endpoint.is_some() {
            return Ok(self.endpoint.clone());
        }
        let Some(text) = env::var_os(ENDPOINT).filter(|text| !text.is_empty()) else {
            let entry = config::value_for("endpoint", &self.profile()?);
            // The file was checked when it was read.
            return Ok(entry.and_then(|entry| entry.value.parse().ok()));
        };
        text.to_string_lossy()
            .parse()
            .map(Some)
            .map_err(|invalid: InvalidOrigin| {
                Failure::wrong_use(
                    format!("{ENDPOINT}: {}", invalid.worded()),
                    text!(
                        "set it to the address of a service, or unset it for bilibili",
                        "改成服务的地址；要连 bilibili 就取消这个变量"
                    ),
                )
            })
    }

    /// The profile whose login is used.
    pub(crate) fn profile(&self) -> Result<ProfileName, Failure> {
        if let Some(name) = &self.profile {
            return Ok(name.clone());
        }
        let Some(text) = env::var_os(PROFILE).filter(|text| !text.is_empty()) else {
            let entry = config::value("profile");
            let name = entry.and_then(|entry| entry.value.parse().ok());
            return Ok(name.unwrap_or_default());
        };
        text.to_string_lossy().parse().map_err(|invalid| {
            Failure::wrong_use(
                format!("{PROFILE}: {invalid}"),
                text!(
                    "set it to one that bili-im profiles shows, or unset it",
                    "改成 bili-im profiles 列出的名字，或取消这个变量"
                ),
            )
        })
    }

    /// The endpoint and the profile of this command line, as environment variables.
    ///
    /// Another bili-im that is started with them uses the same. What came from the environment is
    /// left out: a child inherits it.
    pub(crate) fn as_variables(&self) -> Vec<(&'static str, String)> {
        let endpoint = self.endpoint.as_ref();
        let profile = self.profile.as_ref();
        let variables = [
            endpoint.map(|endpoint| (ENDPOINT, endpoint.to_string())),
            profile.map(|profile| (PROFILE, profile.to_string())),
        ];
        variables.into_iter().flatten().collect()
    }

    /// Adds the settings of the file.
    pub(crate) fn complete(&mut self) -> Result<(), Failure> {
        let is_on = |entry: Option<&Entry>| entry.is_some_and(|entry| entry.value == "true");
        self.paced |= is_on(config::value_for("paced", &self.profile()?));
        self.quiet |= !self.verbose && is_on(config::value("quiet"));
        Ok(())
    }

    /// The value of an option of this command line.
    pub(crate) fn option(&self, name: &str) -> Option<String> {
        let switch = |is_on: bool| is_on.then(|| "true".to_owned());
        match name {
            "quiet" => switch(options().any(|option| option == "--quiet" || option == "-q")),
            "paced" => switch(options().any(|option| option == "--paced")),
            name => value_of(&format!("--{name}"), options()),
        }
    }

    /// The same with another profile.
    #[cfg(feature = "serve")]
    pub(crate) fn with_profile(&self, profile: ProfileName) -> Self {
        let mut global = self.clone();
        global.profile = Some(profile);
        global
    }

    /// Whether this command line has `--profile`.
    pub(crate) fn is_profile_asked_for(&self) -> bool {
        self.profile.is_some()
    }
}

/// The other side of a conversation.
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

/// The argument of every command that changes something.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DryRun {
    /// Print the request that would be made as a curl command, without secrets, and do not make it
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn origin(text: &str) -> Result<Origin, String> {
    (text.parse()).map_err(|invalid: InvalidOrigin| invalid.worded())
}

/// Parses an address to listen on.
#[cfg(any(feature = "serve", feature = "sim"))]
pub(crate) fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    (text.parse()).map_err(|_| {
        text!(
            "an address and a port are wanted, such as 127.0.0.1:8970",
            "这里要填地址和端口，例如 127.0.0.1:8970"
        )
        .to_owned()
    })
}

/// Parses the number of a user, a group or a message. None of them is 0.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err(text!(
            "0 is not the number of a user, group or message",
            "用户、应援团和消息的编号不会是 0"
        )
        .to_owned()),
        Ok(number) => Ok(number),
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => Err(no_number()),
        Err(_) => Err(text!(
            "a number is wanted, not a name: bili-im sessions shows those of users and groups",
            "这里要填编号（数字），不是名字；用户和应援团的编号见 bili-im sessions"
        )
        .to_owned()),
    }
}

/// Parses how many there should be at most.
pub(crate) fn limit(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err(text!("it must be above 0", "必须大于 0").to_owned()),
        Ok(limit) => Ok(limit),
        Err(_) => Err(no_number()),
    }
}

/// Parses how many there should be, perhaps none.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| no_number())
}

fn no_number() -> String {
    let most = u64::MAX;
    format_text!(
        "a number is wanted, {most} at most",
        "这里要填数字，最大 {most}"
    )
}

/// Parses a number of seconds above 0.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        None => Err(text!(
            "a number of seconds is wanted, such as 20",
            "这里要填秒数，例如 20"
        )
        .to_owned()),
        Some(Duration::ZERO) => Err(text!(
            "it must be above 0: a number of seconds, such as 20",
            "必须大于 0，这里要填秒数，例如 20"
        )
        .to_owned()),
        Some(seconds) => Ok(seconds),
    }
}

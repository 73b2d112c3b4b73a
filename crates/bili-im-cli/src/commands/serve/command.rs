//! The command: reads its files, and serves until a signal.

use std::{
    collections::BTreeSet,
    fmt::{self, Display},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use bili_im_archive::{Archive, ArchiveError};
use bili_im_json::ErrorJson;
use bili_im_proto::{Credential, Login, Origin, Uid, WatchOptions};
use bili_im_serve::{
    AccountSetup, Config, Core, Fault, Limits, Outlets, Profiles, ServeError, Server, Tokens,
    Words, reload,
};
use serde::Serialize;
use tokio::{
    io::{stdin, stdout},
    runtime::Runtime,
    select,
    sync::oneshot,
};

use super::login::KeptLogin;
use crate::{
    archive_file::ArchiveFile,
    args::{Global, address, limit},
    commands::login::keep,
    config, credentials,
    failure::{Exit, Failure},
    output::Output,
    private_file::{self, folder_of, make_folder},
    profile_name::ProfileName,
    profiles::Profile,
    trace,
    watching::Stop,
    wording::Worded,
};

/// The most bytes of a file of tokens or of the configuration.
const MOST: u64 = 1 << 20;

/// How long what is still stored at the end is waited for.
const GRACE: Duration = Duration::from_secs(2);

const DAY: u64 = 24 * 60 * 60;

/// Serve accounts to other programs over HTTP, until SIGINT or SIGTERM
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im serve
  bili-im serve main second --token-file tokens
  bili-im serve --config serve.toml
  bili-im serve --stdio < calls
  curl -N 127.0.0.1:5140/events
  curl 127.0.0.1:5140/healthz

docs/serving.md tells the rest, and docs/rpc.md the methods of /rpc.")]
pub(crate) struct Serve {
    /// The logins to serve; by default the one that every command uses
    #[arg(value_name = "PROFILE")]
    profiles: Vec<ProfileName>,
    /// Webhooks and notifications, and perhaps the logins: a TOML file, read anew when it changes
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5140", value_parser = address)]
    listen: SocketAddr,
    /// Answer the calls of /rpc from standard input instead, one a line, until it ends
    #[arg(long, conflicts_with_all = ["listen", "token_file", "hosts"])]
    stdio: bool,
    /// Let in only who has a token of this file, which has a line NAME TOKEN read|write for each
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Let other machines in; put a proxy with TLS before it
    #[arg(long, requires = "token_file")]
    expose: bool,
    /// A further name under which it is reached, such as that of the proxy; can be given several
    /// times
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// How many events of an account are kept for consumers that are behind
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = limit)]
    keep_events: u64,
    /// For how long they are kept
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = limit)]
    keep_days: u64,
    /// Ask all the time instead of being told by push
    #[arg(long)]
    no_push: bool,
}

impl Serve {
    pub(crate) fn run(mut self, global: &Global, out: Output) -> Result<(), Failure> {
        let stop = Stop::on_signals()?;
        let outlets = self.config.clone().map(|path| {
            let outlets = read_outlets(&path)?;
            Ok::<_, Failure>((path, outlets))
        });
        let outlets = outlets.transpose()?;
        if let Some(profiles) = outlets.as_ref().and_then(|(_, outlets)| outlets.profiles()) {
            self.take_profiles(profiles)?;
        }
        let (setups, given_to) = self.setups(global, out)?;
        let config = self.config()?;
        let mut limits = Limits::default();
        limits.events = self.keep_events;
        limits.age = Duration::from_secs(self.keep_days.saturating_mul(DAY));
        if !out.is_json() {
            trace::begin_serving();
        }
        let runtime = Runtime::new().map_err(|error| Failure::other(error.worded()))?;
        let core = Core::new(limits);
        core.set_profiles(FurtherProfiles {
            global: global.clone(),
            out,
            watch: self.watch(),
            given_to,
        });
        let ended = runtime.block_on(async {
            let server = match self.stdio {
                true => None,
                false => Some(Server::bind(core.clone(), config).await?),
            };
            for setup in setups {
                core.add(setup).await?;
            }
            let (path, outlets) = outlets.unzip();
            core.set_outlets(outlets.unwrap_or_default());
            if let Some(path) = path {
                let read = {
                    let path = path.clone();
                    move || read_outlets(&path).map_err(|failure| failure.message().to_owned())
                };
                tokio::spawn(reload(core.clone(), path, read));
            }
            let Some(server) = server else {
                return serve_stdio(&core, stop).await;
            };
            out.print(&ServeOutput {
                listening_on: format!("http://{}", server.address()),
            })?;
            server.run(stopped(stop)).await;
            Ok(())
        });
        // Another process may hold the state of an account for long.
        runtime.shutdown_timeout(GRACE);
        ended
    }

    fn config(&self) -> Result<Config, Failure> {
        let mut config = Config::new(self.listen);
        config.expose = self.expose;
        config.hosts.clone_from(&self.hosts);
        config.tokens = self.token_file.as_deref().map(read_tokens).transpose()?;
        Ok(config)
    }

    /// The profiles that the configuration names.
    fn take_profiles(&mut self, profiles: &[String]) -> Result<(), Failure> {
        if !self.profiles.is_empty() {
            return Err(Failure::wrong_use(
                text!(
                    "the profiles are in the arguments and in the configuration",
                    "命令行参数和配置文件里都写了登录档案"
                ),
                text!("name them in one place", "只在一处写"),
            ));
        }
        let names = profiles.iter().map(|name| name.parse::<ProfileName>());
        let names: Result<Vec<_>, _> = names.collect();
        self.profiles = names.map_err(|error| {
            Failure::wrong_use(
                error.to_string(),
                text!(
                    "mend profiles in the configuration",
                    "修改配置文件里的 profiles"
                ),
            )
        })?;
        Ok(())
    }

    /// The accounts. Without names it is that of the arguments. Also gives the name of the account
    /// whose cookie was given.
    fn setups(
        &self,
        global: &Global,
        out: Output,
    ) -> Result<(Vec<AccountSetup>, Option<ProfileName>), Failure> {
        let watch = self.watch();
        if let Some(name) = twice(&self.profiles) {
            return Err(ServeError::Name(name.to_string()).into());
        }
        let named = self.profiles.iter().cloned();
        let mut accounts: Vec<_> = named
            .map(|name| (global.with_profile(name), None))
            .collect();
        let mut given_to = None;
        if accounts.is_empty() {
            let is_named = global.is_profile_asked_for();
            let given = match is_named {
                true => None,
                false => credentials::given(global, out)?,
            };
            if given.is_some() {
                given_to = Some(global.profile()?);
            }
            accounts.push((global.clone(), given));
        }
        let accounts = accounts.into_iter().map(|(global, given)| {
            if given.is_none() {
                credentials::warn_without_login(&global, out)?;
            }
            setup(global, given, watch, out)
        });
        Ok((accounts.collect::<Result<_, _>>()?, given_to))
    }

    fn watch(&self) -> WatchOptions {
        WatchOptions::default().with_push(!self.no_push)
    }
}

fn setup(
    global: Global,
    given: Option<Credential>,
    watch: WatchOptions,
    out: Output,
) -> Result<AccountSetup, Failure> {
    let name = global.profile()?;
    let archive = ArchiveFile::from(None).path(&global)?;
    make_folder(folder_of(&archive))?;
    let login = KeptLogin { global, given, out };
    let mut setup = AccountSetup::new(name.as_str(), archive, login);
    setup.watch = watch;
    Ok(setup)
}

/// The profiles that clients add by name.
struct FurtherProfiles {
    global: Global,
    out: Output,
    watch: WatchOptions,
    /// The account whose cookie was given.
    given_to: Option<ProfileName>,
}

impl FurtherProfiles {
    fn named(&self, name: &str) -> Result<Global, ErrorJson> {
        let profile = name.parse::<ProfileName>();
        let profile =
            profile.map_err(|allowed| ErrorJson::new(Exit::WrongUse, "Usage", allowed))?;
        let mut global = self.global.with_profile(profile);
        // That is another account's.
        (global.cookie_file, global.cookie_stdin) = (None, false);
        Ok(global)
    }

    /// Whose the profile or its archive is, if there is one.
    fn owner(&self, profile: &Profile, global: &Global) -> Result<Option<Uid>, Failure> {
        if let Some(login) = profile.load()? {
            return Ok(login.uid());
        }
        match Archive::open(ArchiveFile::from(None).path(global)?) {
            Ok(archive) => Ok(archive.owner()?),
            Err(ArchiveError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Profiles for FurtherProfiles {
    fn setup(&self, name: &str) -> Result<AccountSetup, ErrorJson> {
        let global = self.named(name)?;
        // A profile without a login is most likely a mistyped name. What the failure says of this
        // machine is not for clients.
        credentials::load(&global, self.out).map_err(|failure| {
            self.out.warn(failure.message());
            let message = format_text!(
                "nobody is logged in with profile {name}",
                "登录档案 {name} 里没有可用的登录"
            );
            let advice = text!("call the method login", "调用方法 login 登录");
            ErrorJson::from(Failure::unusable_login(message, advice))
        })?;
        Ok(setup(global, None, self.watch, self.out)?)
    }

    fn login_at(&self, name: &str) -> Result<Option<Origin>, ErrorJson> {
        let global = self.named(name)?;
        let profile = Profile::named(global.profile()?)?;
        let is_given = self.given_to.as_ref() == Some(&profile.name);
        if is_given || config::value_for("cookie_command", &profile.name).is_some() {
            return Err(Failure::wrong_use(
                text!(
                    "the cookie of this profile is given by an option or BILI_IM_COOKIE, or comes from cookie_command",
                    "这个登录档案的 Cookie 由选项、BILI_IM_COOKIE 或 cookie_command 给出"
                ),
                text!("renew it there, or log in with another profile", "在来源处更新，或换一个登录档案登录"),
            )
            .into());
        }
        profile.check(profile.is_in_keyring())?;
        // It must be known whose profile it is, before someone confirms a login in vain.
        self.owner(&profile, &global)?;
        Ok(global.endpoint()?)
    }

    fn keep(&self, name: &str, login: Login) -> Result<(), ErrorJson> {
        let global = self.named(name)?;
        let profile = Profile::named(global.profile()?)?;
        keep(
            &profile,
            login.credential,
            login.refresh_token,
            profile.is_in_keyring(),
            self.owner(&profile, &global)?,
            &global,
            self.out,
        )?;
        Ok(())
    }
}

async fn serve_stdio(core: &Core, stop: Stop) -> Result<(), Failure> {
    let ended = select! {
        ended = core.serve_lines(stdin(), stdout()) => ended,
        () = stopped(stop) => Ok(()),
    };
    core.shut_down().await;
    ended.map_err(|error| Failure::other(error.worded()))
}

/// A name that is there twice.
fn twice(names: &[ProfileName]) -> Option<&ProfileName> {
    let mut seen = BTreeSet::new();
    names.iter().find(|name| !seen.insert(*name))
}

/// Resolves at the first signal. A second one ends the program at once.
async fn stopped(stop: Stop) {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let _work = stop.begin_work();
        while !stop.sleep(Duration::from_secs(3600)) {}
        // Nobody waits for it when serving has ended otherwise.
        let _told = tell.send(());
        // The work ends with the process.
        std::thread::sleep(Duration::from_secs(3600));
    });
    let _told = told.await;
}

fn read_tokens(path: &Path) -> Result<Tokens, Failure> {
    let place = path.display();
    let unusable = |(why, advice): (String, &'static str)| {
        Failure::wrong_use(
            format_text!(
                "the tokens in {place} cannot be used: {why}",
                "{place} 里的令牌不能用：{why}"
            ),
            advice,
        )
    };
    let format = text!(
        "a line is like: bot TOKEN write; docs/serving.md tells the rest",
        "每行如：bot 令牌 write；写法见 docs/serving.zh-CN.md"
    );
    let (text, is_readable_by_others) = read_text(path, format).map_err(unusable)?;
    if is_readable_by_others {
        return Err(unusable(readable_by_others()));
    }
    Tokens::parse(&text).map_err(|fault| unusable((fault.worded(), format)))
}

/// The configuration in a file.
pub(crate) fn read_outlets(path: &Path) -> Result<Outlets, Failure> {
    let place = path.display();
    let unusable = |(why, advice): (String, &'static str)| {
        Failure::wrong_use(
            format_text!(
                "the configuration in {place} cannot be used: {why}",
                "{place} 里的配置不能用：{why}"
            ),
            advice,
        )
    };
    let format = text!("docs/serving.md shows one", "写法见 docs/serving.zh-CN.md");
    let (text, is_readable_by_others) = read_text(path, format).map_err(unusable)?;
    let outlets = Outlets::parse(&text, folder_of(path));
    let outlets = outlets.map_err(|fault| unusable((fault.worded(), format)))?;
    match outlets.has_secrets() && is_readable_by_others {
        true => Err(unusable(readable_by_others())),
        false => Ok(outlets),
    }
}

/// The text of a file, and whether others can read it. Otherwise why it cannot be used, and what
/// to do about that; `format` says how such a file is written.
fn read_text(path: &Path, format: &'static str) -> Result<(String, bool), (String, &'static str)> {
    let unusable = |error: private_file::Unusable| (error.to_string(), error.advice());
    let opened = private_file::open(path).map_err(unusable)?;
    let missing = text!("there is no such file", "没有这个文件");
    let opened = opened.ok_or_else(|| (missing.to_owned(), format))?;
    let is_readable_by_others = opened.is_readable_by_others();
    let bytes = opened.read(MOST).map_err(unusable)?;
    let binary = text!("it is not UTF-8", "不是 UTF-8");
    let text = std::str::from_utf8(&bytes).map_err(|_| (binary.to_owned(), format))?;
    Ok((text.to_owned(), is_readable_by_others))
}

/// Why a file with secrets cannot be used, and what to do about that.
fn readable_by_others() -> (String, &'static str) {
    let why = text!("others can read it", "其他用户能读取它");
    let advice = text!(
        "with secrets in it, it is a file of your own with mode 600: chmod 600 FILE",
        "里面有密钥，权限须为 600：chmod 600 文件"
    );
    (why.to_owned(), advice)
}

impl Worded for Fault {
    fn chinese(&self) -> Option<String> {
        Some(Self::chinese(self))
    }
}

impl Worded for Words {
    fn chinese(&self) -> Option<String> {
        Some(Self::chinese(self).to_owned())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Archive { source, .. } => source.into(),
            ServeError::Exposed(address) => Self::wrong_use(
                format_text!(
                    "other machines could reach {address}",
                    "其他机器能访问 {address}"
                ),
                text!(
                    "add --expose and --token-file if that is wanted, or listen on 127.0.0.1",
                    "确实需要就加上 --expose 和 --token-file，否则监听 127.0.0.1"
                ),
            ),
            ServeError::Listen(address, error) => {
                let error = error.worded();
                Self::other(format_text!(
                    "cannot listen on {address}: {error}",
                    "无法监听 {address}：{error}"
                ))
                .advise(text!(
                    "give another address with --listen",
                    "用 --listen 换一个地址"
                ))
            }
            ServeError::Name(name) => Self::wrong_use(
                format_text!(
                    "the profile {name} is named twice",
                    "登录档案 {name} 写了两次"
                ),
                text!("name each once", "每个只写一次"),
            ),
            error => Self::other(error.to_string()),
        }
    }
}

#[derive(Debug, Serialize)]
struct ServeOutput {
    listening_on: String,
}

impl Display for ServeOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text!(f, "listening on {}", "正在监听 {}", self.listening_on)
    }
}

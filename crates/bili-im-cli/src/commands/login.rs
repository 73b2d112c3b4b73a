//! `bili-im login`

use std::{
    fmt::{self, Display},
    path::{Path, PathBuf},
};

use bili_im_proto::{
    Credential, Error, FingerSpi, Hosts, LoginOutcome, LoginStep, RefusalKind, Secret, Uid,
    UnixSeconds,
};
use console::Term;
use serde::Serialize;

use crate::{
    active_login::ActiveLogin, args::Global, credentials, failure::Failure, moment, output::Output,
    private_file, profile_name::ProfileName, profiles::Profile, qr::Code, stored_login, trace,
    wording::Worded, words::on_one_line,
};

/// Log in with a QR code, or keep a cookie that is given, for later commands
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im login
  bili-im login --profile work
  bili-im login --qr-png code.png
  pass show bilibili | bili-im login --cookie-stdin")]
pub(crate) struct Login {
    /// Store the code as an image too, until the login ends: for terminals that cannot draw it
    #[arg(long, value_name = "FILE")]
    qr_png: Option<PathBuf>,
    /// Keep the login in the keyring of the system, not in a file; needs the feature keyring
    #[arg(long)]
    keyring: bool,
}

impl Login {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let profile = Profile::named(global.profile()?)?;
        profile.check(self.keyring)?;
        self.qr_png.as_deref().map_or(Ok(()), check_is_new)?;
        // One that cannot be read is of no use, and replaced.
        let last = profile.load().ok().flatten();
        let (credential, refresh_token) = match credentials::given(global, out)? {
            Some(credential) => (credential, Secret::default()),
            None => self.scan(global, out)?,
        };
        let login = keep(
            &profile,
            credential,
            refresh_token,
            self.keyring,
            None,
            global,
            out,
        )?;
        if let Some(last) = last {
            warn_of_replaced(&last, &login, &profile.name, out);
        }
        out.print(&LoginOutput {
            profile: profile.name,
            uid: login.uid(),
            expires: login.credential.expires(),
            name: login.account,
        })
    }

    /// Shows a QR code and waits until the login is confirmed on a phone.
    fn scan(&self, global: &Global, out: Output) -> Result<(Credential, Secret), Failure> {
        let mut shown = Ok(());
        let hosts = global
            .endpoint()?
            .map_or_else(Hosts::default, Hosts::single);
        let show = |step| match step {
            LoginStep::Code(link) => shown = self.show(link.expose(), out),
            LoginStep::Scanned => out.guide(text!(
                "scanned: now confirm on the phone",
                "已扫码，请在手机上确认"
            )),
            _ => {}
        };
        let outcome = match trace::agent(hosts.are_loopback()) {
            Some(agent) => bili_im_ureq::qr_login_with(agent, hosts, show),
            None => bili_im_ureq::qr_login(global.endpoint()?, show),
        };
        if let Some(path) = &self.qr_png {
            // The code is of no more use. Without a file there is nothing to remove.
            let _none = std::fs::remove_file(path);
        }
        shown?;
        match outcome? {
            LoginOutcome::Done(login) => Ok((login.credential, login.refresh_token)),
            LoginOutcome::WithoutCookies(error) => Err(Failure::unusable_login(
                format_text!(
                    "the login was confirmed, but the service gave no cookies: {error}",
                    "已确认登录，但服务没有给出 Cookie：{error}",
                    error = error.worded()
                ),
                text!(
                    "give the cookies of a browser: bili-im login --cookie-stdin",
                    "改用浏览器的 Cookie：bili-im login --cookie-stdin"
                ),
            )),
            _ => Err(Failure::unusable_login(
                text!(
                    "the code expired before anybody confirmed the login",
                    "二维码过期了，没有人确认登录"
                ),
                text!("try again: bili-im login", "再试一次：bili-im login"),
            )),
        }
    }

    /// Shows the link, and the code that has it. With `--json` the link alone.
    fn show(&self, link: &str, out: Output) -> Result<(), Failure> {
        let code = Code::of(link);
        if let (Some(path), Some(code)) = (&self.qr_png, &code) {
            store(code, path, out);
        }
        if out.is_json() {
            return out.line(&Link { link }).map(drop);
        }
        // The code is last, so that a terminal that is just large enough shows it whole.
        out.guide(format_text!(
            "scan this with the bilibili app and confirm there, within 180 s; \
             whoever scans it logs in\nor open there: {}",
            "请在 180 秒内用 bilibili App 扫码并确认；谁扫码，登录的就是谁的账号\n\
             也可以在手机上打开：{}",
            on_one_line(link)
        ));
        if let Some(code) = code {
            let lines = code.draw();
            let size = Term::stdout().size_checked();
            if size.is_some_and(|(rows, _)| usize::from(rows) <= lines.len()) {
                out.warn(format_text!(
                    "the code has {} rows, more than this terminal: enlarge it, \
                     or use --qr-png FILE",
                    "二维码有 {} 行，终端放不下：请把窗口拉大，或用 --qr-png FILE",
                    lines.len()
                ));
            }
            out.guide(lines.join("\n"));
        }
        Ok(())
    }
}

/// Warns that the profile had the login of another account.
fn warn_of_replaced(
    last: &stored_login::Login,
    new: &stored_login::Login,
    profile: &ProfileName,
    out: Output,
) {
    let Some(uid) = last.uid().filter(|&uid| Some(uid) != new.uid()) else {
        return;
    };
    let who = match &last.account {
        Some(name) => {
            let name = on_one_line(name);
            format_text!("{name} ({uid})", "{name}（{uid}）")
        }
        None => uid.to_string(),
    };
    out.warn(format_text!(
        "this replaces the login of {who} in profile {profile}; to keep both, give each its own: \
         bili-im login --profile NAME",
        "登录档案 {profile} 里原来是 {who} 的登录，已被替换；要同时保留，请各用一个档案：\
         bili-im login --profile NAME"
    ));
}

fn check_is_new(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::wrong_use(
        format_text!("{path} exists already", "{path} 已存在"),
        text!("give another path", "换一个路径"),
    ))
}

/// Stores the code as an image. A failure is a warning, since the code is shown too.
fn store(code: &Code, path: &Path, out: Output) {
    let stored = match code.png() {
        Ok(image) => private_file::write(path, &image)
            .map(drop)
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = stored {
        let path = path.display();
        out.warn(format_text!(
            "the code cannot be stored as {path}: {error}",
            "二维码无法存为 {path}：{error}"
        ));
    }
}

/// The link in the code, as printed with `--json`.
#[derive(Debug, Serialize)]
struct Link<'a> {
    link: &'a str,
}

impl Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.link)
    }
}

/// Checks a login and stores it. With an owner, it must be that user's.
pub(super) fn keep(
    profile: &Profile,
    credential: Credential,
    refresh_token: Secret,
    is_in_keyring: bool,
    owner: Option<Uid>,
    global: &Global,
    out: Output,
) -> Result<stored_login::Login, Failure> {
    if !credential.can_write() {
        out.warn(text!(
            "the cookie has no bili_jct: it reads, and changes nothing",
            "Cookie 里没有 bili_jct：只能读，不能改"
        ));
    }
    let (credential, account) = check(credential, global, out)?;
    if let Some(owner) = owner
        && credential.uid() != Some(owner)
    {
        return Err(Failure::other_user(&profile.name, owner, credential.uid()));
    }
    let endpoint = global.endpoint()?;
    let login = stored_login::Login {
        credential,
        refresh_token,
        account,
        endpoint: endpoint.map(|endpoint| endpoint.to_string()),
        is_in_keyring,
    };
    profile.store(&login, out)?;
    Ok(login)
}

/// Checks a login, and adds the cookies that later commands would otherwise ask for each time.
/// Returns it with the account's name.
///
/// A login that the service refuses is an error. One that cannot be checked now is still stored.
fn check(
    credential: Credential,
    global: &Global,
    out: Output,
) -> Result<(Credential, Option<String>), Failure> {
    let login = ActiveLogin::with(credential.clone(), global, out)?;
    let profile = match login.client().profile() {
        Ok(profile) => profile,
        Err(error) if error.kind() == Some(RefusalKind::NotLoggedIn) => return Err(error.into()),
        Err(error @ Error::Invalid(_)) => return Err(error.into()),
        Err(error) => {
            let error = error.worded();
            out.warn(format_text!(
                "the login is kept without a check: {error}",
                "登录已保存，但没能验证：{error}"
            ));
            return Ok((credential, None));
        }
    };
    let mut credential = credential.with_cookie("DedeUserID", &profile.uid.to_string());
    // Optional: a login works without the device cookies.
    if !credential.has_cookie("buvid3")
        && let Ok(device) = login.client().call(FingerSpi)
    {
        credential = device.complete(&credential);
    }
    Ok((credential, Some(profile.name)))
}

#[derive(Debug, Serialize)]
struct LoginOutput {
    profile: ProfileName,
    uid: Option<Uid>,
    name: Option<String>,
    /// In seconds since 1970.
    expires: Option<UnixSeconds>,
}

impl Display for LoginOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text!("logged in", "已登录"))?;
        if let Some(name) = &self.name {
            write_text!(f, " as {}", " {}", on_one_line(name))?;
        }
        if let Some(uid) = self.uid {
            write_text!(f, " ({uid})", "（{uid}）")?;
        }
        write_text!(
            f,
            ", kept as profile {}",
            "，保存为登录档案 {}",
            self.profile
        )?;
        match self.expires {
            Some(end) => write_text!(f, ", until {}", "，有效期到 {}", moment::day(end)),
            None => Ok(()),
        }
    }
}

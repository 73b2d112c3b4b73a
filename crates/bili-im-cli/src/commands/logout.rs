//! `bili-im logout`

use std::{
    fmt::{self, Display},
    fs,
};

use bili_im_proto::{Credential, Logout as EndLogin};
use serde::Serialize;

use crate::{
    active_login::{ActiveLogin, Change},
    args::{DryRun, Global},
    credentials,
    failure::Failure,
    output::Output,
    profile_name::ProfileName,
    profiles::Profile,
};

/// End the login at the service, and forget it here
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im logout
  bili-im logout --profile work
  bili-im logout --local      when the service cannot be reached")]
pub(crate) struct Logout {
    /// Only forget it here; at the service it goes on
    #[arg(long, conflicts_with = "dry_run")]
    local: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Logout {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let profile = Profile::named(global.profile()?)?;
        if self.local {
            return out.print(&LogoutOutput {
                logged_out: false,
                forgotten: profile.remove(out)?.then_some(profile.name),
            });
        }
        // `--profile` comes before a cookie in the environment.
        let given = if global.is_profile_asked_for() {
            None
        } else {
            credentials::given(global, out)?
        };
        let is_given = given.is_some();
        let credential = match given {
            Some(credential) => credential,
            None => credentials::kept(&profile, global, out)?,
        };
        let login = ActiveLogin::with_to_change(credential.clone(), global, out)?;
        let flow = login.client().account().call(EndLogin);
        if let Change::Planned { dry_run } = login.change(flow, self.dry_run)? {
            return out.print(&Change::<LogoutOutput>::Planned { dry_run });
        }
        if let Some(names) = login.users_file() {
            // Without a file there is nothing to forget.
            let _nothing = fs::remove_file(names);
        }
        // A cookie from the user can belong to another login than the profile.
        let is_kept = !is_given || is_kept(&profile, &credential);
        let forgotten = is_kept && profile.remove(out)?;
        if is_given {
            out.warn(text!(
                "the cookie that was given is worthless now: unset or delete it",
                "给出的 Cookie 已失效，请取消变量或删除文件"
            ));
        }
        out.print(&LogoutOutput {
            logged_out: true,
            forgotten: forgotten.then_some(profile.name),
        })
    }
}

fn is_kept(profile: &Profile, credential: &Credential) -> bool {
    let kept = profile.load().ok().flatten();
    kept.is_some_and(|login| {
        login.credential.uid() == credential.uid()
            && sessdata(&login.credential) == sessdata(credential)
    })
}

/// The cookie that is the same in two copies of one login.
fn sessdata(credential: &Credential) -> Option<String> {
    let cookie = credential.expose();
    let pair = cookie
        .split("; ")
        .find(|pair| pair.starts_with("SESSDATA="));
    pair.map(str::to_owned)
}

#[derive(Debug, Serialize)]
struct LogoutOutput {
    /// Whether the service ended the login.
    logged_out: bool,
    /// The profile that was removed.
    forgotten: Option<ProfileName>,
}

impl Display for LogoutOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.logged_out, &self.forgotten) {
            (true, Some(profile)) => write_text!(
                f,
                "logged out, and profile {profile} is forgotten",
                "已退出登录，登录档案 {profile} 也已删除"
            ),
            (true, None) => f.write_str(text!("logged out", "已退出登录")),
            (false, Some(profile)) => write_text!(
                f,
                "profile {profile} is forgotten",
                "登录档案 {profile} 已删除"
            ),
            (false, None) => {
                f.write_str(text!("there was nothing to forget", "本来就没有保存登录"))
            }
        }
    }
}

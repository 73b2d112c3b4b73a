//! `bili-im login`

use std::fmt::{self, Display};

use bili_im_proto::{
    Credential, Error, FingerSpi, LoginOutcome, LoginStep, RefusalKind, Secret, Uid, UnixSeconds,
};
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::Global,
    credentials,
    failure::Failure,
    moment,
    output::Output,
    profile_name::ProfileName,
    profiles::{self, Profile},
    qr,
    words::on_one_line,
};

/// Log in with a QR code, or keep a cookie that is given, for later commands
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im login
  bili-im login --profile work
  pass show bilibili | bili-im login --cookie-stdin")]
pub(crate) struct Login {}

impl Login {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let profile = Profile::named(global.profile()?)?;
        profile.check()?;
        let (credential, refresh_token) = match credentials::given(global, out)? {
            Some(credential) => (credential, Secret::default()),
            None => scan(global, out)?,
        };
        if !credential.can_write() {
            out.warn("the cookie has no bili_jct: it reads, and changes nothing");
        }
        let (credential, account) = check(credential, global, out)?;
        let endpoint = global.endpoint()?;
        let login = profiles::Login {
            credential,
            refresh_token,
            account,
            endpoint: endpoint.map(|endpoint| endpoint.to_string()),
        };
        profile.store(&login)?;
        out.print(&LoginOutput {
            profile: profile.name,
            uid: login.uid(),
            expires: login.credential.expires(),
            name: login.account,
        })
    }
}

/// Shows a QR code and waits until the login is confirmed on a phone.
fn scan(global: &Global, out: Output) -> Result<(Credential, Secret), Failure> {
    let outcome = bili_im_ureq::qr_login(global.endpoint()?, |step| {
        let told = match step {
            LoginStep::Code(url) => qr::draw(url.expose()).map(|code| {
                format!(
                    "{code}\nscan this with the bilibili app and confirm there, within 180 s; whoever scans it logs in"
                )
            }),
            LoginStep::Scanned => Some("scanned: now confirm on the phone".to_owned()),
            _ => None,
        };
        if let Some(told) = told {
            out.guide(&told);
        }
    })?;
    match outcome {
        LoginOutcome::Done(login) => Ok((login.credential, login.refresh_token)),
        _ => Err(Failure::unusable_login(
            "the code expired before anybody confirmed the login",
            "try again: bili-im login",
        )),
    }
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
            out.warn(&format!("the login is kept without a check: {error}"));
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
        f.write_str("logged in")?;
        if let Some(name) = &self.name {
            write!(f, " as {}", on_one_line(name))?;
        }
        if let Some(uid) = self.uid {
            write!(f, " ({uid})")?;
        }
        write!(f, ", kept as profile {}", self.profile)?;
        match self.expires {
            Some(end) => write!(f, ", until {}", moment::day(end)),
            None => Ok(()),
        }
    }
}

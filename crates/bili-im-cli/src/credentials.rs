//! Where the login comes from: stdin, a file, the environment or a profile, never an argument.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::{Duration, SystemTime},
};

use bili_im_proto::{Credential, InvalidCredential, Uid};
use zeroize::Zeroizing;

use crate::{
    args::Global,
    config,
    failure::Failure,
    language::{Language, current},
    output::Output,
    profile_name::ProfileName,
    profiles::Profile,
    stored_login::Login,
    variables::{ACCOUNT, COOKIE},
    wording::Worded,
};

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// A login that ends within this time gets a warning.
const SOON: Duration = Duration::from_secs(14 * SECONDS_A_DAY);

/// The most bytes that are read. A recording of a browser's requests can be large.
const MOST: u64 = 16 << 20;

/// Finds the login: from the arguments, else from the environment, else from the stored profile.
pub(crate) fn load(global: &Global, out: Output) -> Result<Credential, Failure> {
    let name = global.profile()?;
    let is_cookie_asked_for = global.cookie_stdin || global.cookie_file.is_some();
    if global.is_profile_asked_for() {
        if is_cookie_asked_for {
            return Err(Failure::wrong_use(
                format_text!(
                    "both a cookie and profile {name} are given, and only one can be used",
                    "同时给了 Cookie 和登录档案 {name}，只能用其中一个"
                ),
                text!("leave out one of them", "去掉其中一个"),
            ));
        }
    } else if let Some(credential) = given(global, out)? {
        return Ok(credential);
    }
    match commanded(&name, out)? {
        Some(credential) => Ok(credential),
        None => kept(&Profile::named(name)?, global, out),
    }
}

/// The login from the `cookie_command` of a profile; the one for all is that of the default profile.
fn commanded(name: &ProfileName, out: Output) -> Result<Option<Credential>, Failure> {
    let Some(command) = config::value_for("cookie_command", name) else {
        return Ok(None);
    };
    let credential = Credential::parse(&config::cookie(command)?)
        .map_err(|invalid| unknown_form("cookie_command", &invalid))?;
    warn_before_the_end(&credential, out);
    Ok(Some(credential))
}

/// The login of a profile.
pub(crate) fn kept(profile: &Profile, global: &Global, out: Output) -> Result<Credential, Failure> {
    let name = &profile.name;
    let login = (profile.load()?).ok_or_else(|| no_login(name))?;
    login.check_endpoint(name, global.endpoint()?.as_ref())?;
    if !global.is_profile_asked_for() {
        check_account(name, login.uid())?;
    }
    warn_before_the_end(&login.credential, out);
    Ok(login.credential)
}

/// Warns when a profile has no login. It can get one later, but most likely its name is mistyped.
#[cfg(feature = "serve")]
pub(crate) fn warn_without_login(global: &Global, out: Output) -> Result<(), Failure> {
    let name = global.profile()?;
    let is_commanded = config::value_for("cookie_command", &name).is_some();
    if !is_commanded && matches!(Profile::named(name.clone())?.load(), Ok(None)) {
        let failure = no_login(&name);
        let (message, advice) = (failure.message(), failure.advice().unwrap_or_default());
        out.warn(format!("{message}\n      {advice}"));
    }
    Ok(())
}

/// The account's name at the time of its login, if the profile in use is that account's.
pub(crate) fn kept_name(own: Uid, global: &Global) -> Option<String> {
    let login = kept_for_service(global)?;
    login.account.clone().filter(|_| login.uid() == Some(own))
}

/// The login of the profile in use, if it has one that can be read, at the service in use.
pub(crate) fn kept_for_service(global: &Global) -> Option<Login> {
    let name = global.profile().ok()?;
    let login = Profile::named(name.clone()).ok()?.load().ok()??;
    let endpoint = global.endpoint().ok()?;
    login.check_endpoint(&name, endpoint.as_ref()).ok()?;
    Some(login)
}

fn no_login(profile: &ProfileName) -> Failure {
    let profiles = Profile::all().unwrap_or_default();
    let names: Vec<_> = profiles.iter().map(|one| one.name.as_str()).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        return Failure::unusable_login(
            format_text!(
                "nobody is logged in with profile {profile}; there are: {names}",
                "登录档案 {profile} 里没有登录；已有的登录档案：{names}"
            ),
            format_text!(
                "use one of them with --profile, or run bili-im login --profile {profile}",
                "用 --profile 指定其中一个，或运行 bili-im login --profile {profile}"
            ),
        );
    }
    let option = match *profile == ProfileName::default() {
        true => String::new(),
        false => format!(" --profile {profile}"),
    };
    Failure::unusable_login(
        format_text!(
            "no cookie is given, and nobody is logged in with profile {profile}",
            "没有给 Cookie，登录档案 {profile} 里也没有登录"
        ),
        format_text!(
            "run bili-im login{option}; or copy the cookie of a logged-in browser into BILI_IM_COOKIE\n      \
             ('SESSDATA=…; bili_jct=…; DedeUserID=…'), or give it with \
             --cookie-file or --cookie-stdin",
            "运行 bili-im login{option} 登录；或把已登录浏览器的 Cookie 放进 BILI_IM_COOKIE\n      \
             ('SESSDATA=…; bili_jct=…; DedeUserID=…')，也可以用 --cookie-file 或 --cookie-stdin 给出"
        ),
    )
}

/// Refuses a default profile of another account than that of the watch that runs this command.
///
/// A watch that got its login as a cookie does not pass the cookie to its program. A command in
/// that program would otherwise act as whoever the default profile belongs to.
fn check_account(profile: &ProfileName, own: Option<Uid>) -> Result<(), Failure> {
    match (std::env::var(ACCOUNT), own) {
        (Ok(watched), Some(own)) if watched != own.to_string() => Err(Failure::unusable_login(
            format_text!(
                "this runs within a watch of uid {watched}, and profile {profile} is a login of uid {own}",
                "这条命令运行在 uid {watched} 的 watch 里，而登录档案 {profile} 是 uid {own} 的登录"
            ),
            text!(
                "log in as that account with bili-im login, or name a profile with --profile",
                "用 bili-im login 登录那个账号，或用 --profile 指定登录档案"
            ),
        )),
        _ => Ok(()),
    }
}

/// The login from the arguments or the environment; `None` when neither has one.
pub(crate) fn given(global: &Global, out: Output) -> Result<Option<Credential>, Failure> {
    let (credential, place) = if global.cookie_stdin {
        let text = read(io::stdin().lock(), "stdin")?;
        (Credential::parse(&text), "stdin".to_owned())
    } else if let Some(path) = &global.cookie_file {
        let place = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&place, &error))?;
        let credential = Credential::parse(&read(&file, &place)?);
        if credential.is_ok() {
            warn_if_others_can_read(&file, path, out);
        }
        (credential, place)
    } else {
        let Some(text) = std::env::var_os(COOKIE).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let text = text.into_string().map_err(|_| not_text(COOKIE))?;
        let text = Zeroizing::new(text);
        (Credential::parse(&text), COOKIE.to_owned())
    };
    let credential = credential.map_err(|invalid| unknown_form(&place, &invalid))?;
    warn_before_the_end(&credential, out);
    Ok(Some(credential))
}

fn unknown_form(place: &str, invalid: &InvalidCredential) -> Failure {
    let advice = match current() {
        Language::English => invalid.advice(),
        Language::Chinese => match invalid {
            InvalidCredential::BadJson { .. } => "把整个导出内容重新复制一遍",
            InvalidCredential::AnotherSite { .. } => "导出 bilibili.com 的 Cookie",
            InvalidCredential::BadValue { .. } => "重新复制这个值，不要带换行",
            _ => {
                "在已登录的浏览器里打开 bilibili.com，从开发者工具复制某个请求的 Cookie 请求头，\
                 或导出 bilibili.com 的 Cookie"
            }
        },
    };
    Failure::wrong_use(format!("{place}: {}", invalid.worded()), advice)
}

fn warn_before_the_end(credential: &Credential, out: Output) {
    let Some(end) = credential.expires() else {
        return;
    };
    let left = end.micros().since(SystemTime::now().into());
    if left.is_zero() {
        out.warn(text!(
            "the cookie has expired: log in again, with bili-im login",
            "Cookie 已过期，请用 bili-im login 重新登录"
        ));
    } else if left < SOON {
        let days = left.as_secs() / SECONDS_A_DAY;
        out.warn(format_text!(
            "the cookie expires in {days} days: log in again soon, with bili-im login",
            "Cookie 还有 {days} 天过期，请尽快用 bili-im login 重新登录"
        ));
    }
}

fn read(from: impl Read, place: &str) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = from.take(MOST + 1).read_to_end(&mut bytes);
    let read = read.map_err(|error| unreadable(place, &error))?;
    if read as u64 > MOST {
        return Err(Failure::wrong_use(
            format_text!(
                "{place} has more than {} MiB",
                "{place} 超过 {} MiB",
                MOST >> 20
            ),
            text!(
                "export only the cookies of bilibili.com",
                "只导出 bilibili.com 的 Cookie"
            ),
        ));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| not_text(place))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn unreadable(place: &str, error: &io::Error) -> Failure {
    let error = error.worded();
    Failure::wrong_use(
        format_text!(
            "the cookie cannot be read from {place}: {error}",
            "无法从 {place} 读取 Cookie：{error}"
        ),
        text!(
            "give a file that holds the cookie",
            "指定一个存有 Cookie 的文件"
        ),
    )
}

fn not_text(place: &str) -> Failure {
    Failure::wrong_use(
        format_text!(
            "{place} holds no login: it is not text",
            "{place} 里没有登录信息：内容不是文本"
        ),
        text!(
            "give the cookies as text: a Cookie header, cookies.txt, a browser's JSON export, or NAME=VALUE",
            "以文本给出 Cookie：Cookie 请求头、cookies.txt、浏览器导出的 JSON，或 NAME=VALUE"
        ),
    )
}

#[cfg(unix)]
fn warn_if_others_can_read(file: &File, path: &Path, out: Output) {
    use std::os::unix::fs::PermissionsExt;

    let others = file
        .metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0);
    if others {
        let path = path.display();
        out.warn(format_text!(
            "others can read {path}, and the cookie is the account: chmod 600 {path}",
            "其他用户能读取 {path}，而 Cookie 等于账号本身：chmod 600 {path}"
        ));
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &File, _: &Path, _: Output) {}

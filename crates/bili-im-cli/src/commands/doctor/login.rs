//! The login, and the pace of its account.

use bili_im_proto::{Credential, RefusalKind, UnixMicros};
use serde_json::Value;

use super::check::{Check, Subject};
use crate::{
    active_login::ActiveLogin, args::Global, failure::Failure, moment, output::Output,
    words::on_one_line,
};

pub(super) fn checks(
    credential: Result<Credential, Failure>,
    global: &Global,
    out: Output,
) -> Vec<Check> {
    let login = credential.and_then(|credential| ActiveLogin::with(credential, global, out));
    let login = match login {
        Ok(login) => login,
        Err(failure) => return vec![Check::fault(Subject::Login, &failure)],
    };
    // Before the request, which reserves a turn.
    let pace = pace(&login);
    vec![check(&login), pace]
}

fn check(login: &ActiveLogin) -> Check {
    let profile = match login.client().profile() {
        Ok(profile) => profile,
        Err(error) if error.kind() == Some(RefusalKind::NotLoggedIn) => {
            return Check::fault(Subject::Login, &error.into());
        }
        Err(error) => {
            let failure = Failure::from(error);
            let message = failure.message();
            return Check::warning(
                Subject::Login,
                format_text!("it cannot be checked: {message}", "无法验证：{message}"),
                failure.advice().unwrap_or_default(),
            );
        }
    };
    let credential = login.client().account().credential();
    let (name, uid) = (on_one_line(&profile.name), profile.uid);
    let mut message = format_text!("{name} ({uid})", "{name}（{uid}）");
    if let Some(end) = credential.expires() {
        let day = moment::day(end);
        message += &format_text!(", until {day}", "，有效期到 {day}");
    }
    if credential.can_write() {
        return Check::ok(Subject::Login, message);
    }
    Check::warning(
        Subject::Login,
        format_text!("{message}; it only reads", "{message}；只能读，不能改"),
        text!(
            "give the cookie bili_jct too",
            "把 bili_jct 这个 Cookie 也给出"
        ),
    )
}

/// The times until which the account waits, as the stored state has them.
fn pace(login: &ActiveLogin) -> Check {
    let state = serde_json::to_value(login.client().snapshot()).unwrap_or_default();
    let now = login.client().now().unix;
    let until = |name: &str| {
        let time = state.get(name).and_then(Value::as_u64).map(UnixMicros);
        time.filter(|&time| time > now).map(moment::local_micros)
    };
    if let Some(time) = until("stop") {
        let message = format_text!(
            "risk control stopped the account until {time}",
            "账号被风控停用，到 {time} 为止"
        );
        return Check::fault(
            Subject::Pace,
            &Failure::other(message).advise(text!(
                "confirm on the site that it is you, then run: bili-im resume",
                "在网站上完成验证，然后运行 bili-im resume"
            )),
        );
    }
    if let Some(time) = until("hold").or_else(|| until("write_hold")) {
        return Check::warning(
            Subject::Pace,
            format_text!(
                "the account is too fast, until {time}",
                "账号操作太快，要等到 {time}"
            ),
            text!("wait until then", "等到那时再用"),
        );
    }
    let next = ["next_read", "next_poll", "next_write"].map(until);
    match next.into_iter().flatten().max() {
        Some(time) => Check::ok(
            Subject::Pace,
            format_text!("requests are reserved until {time}", "请求已排到 {time}"),
        ),
        None => Check::ok(Subject::Pace, text!("nothing waits", "无需等待")),
    }
}

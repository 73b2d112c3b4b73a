//! Why a command failed: the message, the advice and the exit code.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    io,
    path::Path,
};

use bili_im_json::ErrorJson;
pub(crate) use bili_im_json::Exit;
use bili_im_proto::{
    Error, ForeignCursor, Invalid, InvalidArgument, InvalidContent, Missing, MsgKey, RefusalKind,
    Uid,
};
use serde::Serialize;

use crate::{
    fields::Unknown,
    profile_name::ProfileName,
    style,
    wording::{self, Worded},
};

/// Why a command failed. Its JSON is the `error` object of the program's page.
#[derive(Debug, Serialize)]
pub(crate) struct Failure(Box<ErrorJson>);

impl Failure {
    fn new(exit: Exit, kind: impl Into<Cow<'static, str>>, message: impl Into<Box<str>>) -> Self {
        Self(Box::new(ErrorJson::new(exit, kind, message)))
    }

    pub(crate) fn advise(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// The user's input is wrong.
    pub(crate) fn wrong_use(
        message: impl Into<Box<str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        let advice = advice.into();
        let failure = Self::new(Exit::WrongUse, "Usage", message);
        match advice.is_empty() {
            true => failure,
            false => failure.advise(advice),
        }
    }

    /// There is no login, or it cannot be used.
    pub(crate) fn unusable_login(
        message: impl Into<Box<str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Exit::NotLoggedIn, "NoCredential", message).advise(advice)
    }

    /// The cursor belongs to another account than the login.
    pub(crate) fn foreign_cursor(owner: Uid, path: Option<&Path>) -> Self {
        let cursor = match path {
            Some(path) => format_text!("the cursor in {}", "{} 里的游标", path.display()),
            None => text!("the stored cursor", "保存的游标").to_owned(),
        };
        Self::wrong_use(
            format_text!(
                "{cursor} belongs to uid {owner}, and another account is logged in",
                "{cursor}属于 uid {owner}，而现在登录的是另一个账号"
            ),
            text!(
                "log in as that account, or give this one a file of its own with --cursor",
                "登录那个账号，或用 --cursor 给当前账号另指定一个文件"
            ),
        )
    }

    /// The service knows no user by this number.
    pub(crate) fn nobody(uid: Uid) -> Self {
        Self::new(Exit::Refused, RefusalKind::NotFound.name(), "").about_nobody(uid)
    }

    /// The same refusal, with the reason that the service does not give.
    pub(crate) fn about_nobody(mut self, uid: Uid) -> Self {
        self.0.message = format_text!("there is no user {uid}", "没有用户 {uid}").into();
        self.advise(text!(
            "look at the number in the address of their page, space.bilibili.com/NUMBER",
            "核对对方主页地址 space.bilibili.com/数字 里的编号"
        ))
    }

    /// A part of a text failed, after others were sent.
    pub(crate) fn in_part(mut self, number: usize, total: usize, sent: &[MsgKey]) -> Self {
        let before = match sent {
            [] => text!("none was sent before", "之前一条都没发出").to_owned(),
            keys => {
                let keys: Vec<String> = keys.iter().map(MsgKey::to_string).collect();
                format_text!("sent before: {}", "之前已发出：{}", keys.join(", "))
            }
        };
        self.0.message = format_text!(
            "part {number} of {total}: {} ({before})",
            "第 {number} 条（共 {total} 条）：{}（{before}）",
            self.0.message
        )
        .into();
        self
    }

    /// Some of several changes were refused.
    pub(crate) fn refused_in_part(message: impl Into<Box<str>>) -> Self {
        Self::new(Exit::Refused, "Other", message)
    }

    /// Whether the service refused something about one session, and may not refuse others.
    pub(crate) fn is_about_one_session(&self) -> bool {
        let kinds = [
            RefusalKind::BadRequest,
            RefusalKind::NotFound,
            RefusalKind::NoSuchSession,
            RefusalKind::GroupGone,
            RefusalKind::Other,
        ];
        self.0.code.is_some() && kinds.iter().any(|kind| kind.name() == self.0.kind)
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.0.kind == RefusalKind::NotFound.name()
    }

    /// Another user than the profile's confirmed a login.
    pub(crate) fn other_user(profile: &ProfileName, owner: Uid, user: Option<Uid>) -> Self {
        let user = user.map_or_else(|| "?".to_owned(), |user| user.to_string());
        Self::new(
            Exit::WrongUse,
            "OtherUser",
            format_text!(
                "profile {profile} is of user {owner}, and user {user} has confirmed",
                "登录档案 {profile} 属于用户 {owner}，而确认登录的是用户 {user}"
            ),
        )
        .advise(text!(
            "nothing was changed; use another profile for this user",
            "什么都没有改动；给这个用户换一个登录档案"
        ))
    }

    /// The command succeeded, but its output cannot be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        let error = error.worded();
        Self::new(
            Exit::Other,
            "Output",
            format_text!(
                "the command was done, but its output cannot be written: {error}",
                "命令已执行，但输出写不出去：{error}"
            ),
        )
    }

    /// `--fields` names a field that the result does not have.
    pub(crate) fn unknown_field(unknown: &Unknown) -> Self {
        let Unknown { field, known } = unknown;
        let message = format_text!(
            "the command was done, and its result has no field {field}",
            "命令已执行，结果里没有字段 {field}"
        );
        let failure = Self::new(Exit::Other, "Output", message);
        match known.as_str() {
            "" => failure.advise(text!("what it is in has no fields", "它的上一级没有字段")),
            known => failure.advise(format_text!("there are {known}", "有 {known}")),
        }
    }

    /// A failure of no other kind.
    pub(crate) fn other(message: impl Into<Box<str>>) -> Self {
        Self::new(Exit::Other, "Other", message)
    }

    pub(crate) fn exit(&self) -> Exit {
        self.0.exit_code
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }
}

impl Display for Failure {
    /// The message, and the advice behind `hint: `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = style::error(text!("error: ", "错误："));
        write!(f, "{word}{}", self.message())?;
        match self.advice() {
            Some(advice) => write_text!(f, "\nhint: {advice}", "\n提示：{advice}"),
            None => Ok(()),
        }
    }
}

macro_rules! from_invalid {
    ($($kind:ty)*) => {
        $(impl From<$kind> for Failure {
            fn from(invalid: $kind) -> Self {
                Error::from(invalid).into()
            }
        })*
    };
}

from_invalid! { Invalid InvalidArgument InvalidContent Missing }

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Invalid(Invalid::ForeignCursor(ForeignCursor(owner))) = error {
            return Self::foreign_cursor(owner, None);
        }
        let (message, advice) = (error.worded(), advice_on(&error));
        Self(Box::new(ErrorJson {
            message: message.into(),
            advice,
            ..error.into()
        }))
    }
}

impl From<Failure> for ErrorJson {
    fn from(failure: Failure) -> Self {
        *failure.0
    }
}

fn advice_on(error: &Error) -> Option<Cow<'static, str>> {
    let advice = wording::advice(error)?;
    Some(match error {
        Error::Invalid(Invalid::Content(InvalidContent::ImageHost(_))) => text!(
            "use an address on .hdslb.com or .biliimg.com, or lift the check with --any-host",
            "请用 .hdslb.com 或 .biliimg.com 上的地址，或用 --any-host 取消检查"
        )
        .into(),
        _ if error.kind() == Some(RefusalKind::NotLoggedIn) => {
            format_text!("{advice}: bili-im login", "{advice}：bili-im login").into()
        }
        _ if error.kind() == Some(RefusalKind::RiskControl) => format_text!(
            "{advice}, then run: bili-im resume",
            "{advice}，然后运行 bili-im resume"
        )
        .into(),
        _ => advice.into(),
    })
}

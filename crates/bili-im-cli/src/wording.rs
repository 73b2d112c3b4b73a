//! Errors of the library and of the system, in the language of the user.

use std::io;

use bili_im_proto::{
    CookieForm, Error, Invalid, InvalidArgument, InvalidContent, InvalidCredential, InvalidOrigin,
    InvalidSnapshot, Missing, Printable, RateLimited, Refusal, RefusalKind, Sent, Unreadable,
};

use crate::{
    language::{Language, current},
    words::talker_text,
};

/// An error that has words in Chinese. Those in English are its `Display`.
pub(crate) trait Worded: ToString {
    /// The Chinese words; `None` for an error that the library learnt after this program was
    /// written.
    fn chinese(&self) -> Option<String>;

    /// The words in the language of the user.
    fn worded(&self) -> String {
        let chinese = match current() {
            Language::English => None,
            Language::Chinese => self.chinese(),
        };
        chinese.unwrap_or_else(|| self.to_string())
    }
}

impl Worded for Error {
    fn chinese(&self) -> Option<String> {
        Some(match self {
            Self::Invalid(invalid) => return invalid.chinese(),
            Self::Refused(refusal) => return refusal.chinese(),
            Self::RateLimited(limited) => return limited.chinese(),
            Self::Stopped(stopped) => format!(
                "没有请求 {}：账号不久前被风控停用，还要等 {} 秒",
                stopped.endpoint,
                stopped.remaining.as_secs_f64().ceil()
            ),
            Self::Unreadable(unreadable) => return unreadable.chinese(),
            Self::Transport(transport) => {
                let (endpoint, cause) = (transport.endpoint, cause(&transport.cause));
                match transport.sent {
                    Sent::No => format!("{endpoint} 没能发出：{cause}"),
                    Sent::Maybe => format!("{endpoint} 没有收到完整的应答：{cause}"),
                }
            }
            Self::NotSent(not_sent) => {
                let talker = talker_text(not_sent.talker);
                format!("给{talker} 的消息没有发出：{}", not_sent.cause.chinese()?)
            }
            Self::Unconfirmed(unconfirmed) => {
                let cause = unconfirmed.cause.chinese()?;
                match unconfirmed.talker.map(talker_text) {
                    Some(talker) => format!("给{talker} 的消息无法确认，不知是否发出：{cause}"),
                    None => format!("请求无法确认，不知是否生效：{cause}"),
                }
            }
            Self::Finished => "流程已经结束".to_owned(),
            _ => return None,
        })
    }
}

/// Why there was no answer, where that is common. Other causes are the HTTP client's words.
pub(crate) fn cause(words: &str) -> String {
    let known = [
        ("Connection refused", "连接被拒绝"),
        ("Connection reset", "连接被重置"),
        ("Network is unreachable", "网络不可达"),
        ("host not found", "找不到主机"),
        ("no whole answer within", "等待应答超时"),
        ("Peer disconnected", "对方断开了连接"),
    ];
    let words = Printable(words).to_string();
    match known.iter().find(|(english, _)| words.contains(english)) {
        Some((_, chinese)) => format!("{chinese}（{words}）"),
        None => words,
    }
}

impl Worded for Refusal {
    fn chinese(&self) -> Option<String> {
        let mut words = match self.code {
            Some(code) => format!("{} 被拒绝，错误码 {code}", self.endpoint),
            None if self.status >= 300 => {
                format!("{} 被拒绝，HTTP 状态码 {}", self.endpoint, self.status)
            }
            None => format!("{} 被拒绝", self.endpoint),
        };
        if let Some(meaning) = meaning(self.kind) {
            words += &format!("：{meaning}");
        }
        if !self.message.is_empty() {
            let message: String = self.message.chars().take(200).collect();
            words += &format!("（服务原话：{}）", Printable(&message));
        }
        Some(words)
    }
}

impl Worded for RateLimited {
    fn chinese(&self) -> Option<String> {
        let words = match &self.refusal {
            Some(refusal) => refusal.chinese()?,
            None => format!("没有请求 {}：服务不久前提示账号操作太快", self.endpoint),
        };
        let wait = self.retry_after.as_secs_f64().ceil();
        Some(format!("{words}；请等 {wait} 秒"))
    }
}

impl Worded for Unreadable {
    fn chinese(&self) -> Option<String> {
        let reason = match self.reason.as_str() {
            "it is empty" => "内容为空",
            "it is a page of HTML, not JSON" => "是 HTML 页面，不是 JSON",
            "its JSON is cut short" => "JSON 不完整",
            "it is not a JSON object" => "不是 JSON 对象",
            other => other,
        };
        Some(format!(
            "{} 的应答无法读取：{reason}（HTTP 状态码 {}，开头是：{}）",
            self.endpoint, self.status, self.excerpt
        ))
    }
}

/// What a refusal means.
pub(crate) fn meaning(kind: RefusalKind) -> Option<&'static str> {
    let english = kind.meaning()?;
    Some(match (current(), kind) {
        (Language::English, _) => english,
        (_, RefusalKind::NotLoggedIn) => "未登录",
        (_, RefusalKind::Csrf) => "CSRF 令牌（bili_jct）不对",
        (_, RefusalKind::BadRequest) => "请求有误，或缺少签名",
        (_, RefusalKind::Forbidden) => "没有权限",
        (_, RefusalKind::NotFound) => "不存在",
        (_, RefusalKind::RiskControl) => "被风控拦下",
        (_, RefusalKind::RateLimited) => "操作太快",
        (_, RefusalKind::Service) => "服务端出错",
        (_, RefusalKind::AccountBanned) => "账号被封禁",
        (_, RefusalKind::PhoneRequired) => "账号需要先绑定手机号",
        (_, RefusalKind::RealNameRequired) => "账号需要先实名认证",
        (_, RefusalKind::NoSuchMessage) => "没有这条消息",
        (_, RefusalKind::TooLong) => "消息太长",
        (_, RefusalKind::TooLarge) => "请求太大",
        (_, RefusalKind::ToSelf) => "不能给自己发私信",
        (_, RefusalKind::Unavailable) => "服务现在不支持发送这类消息",
        (_, RefusalKind::BadImage) => "图片不被接受",
        (_, RefusalKind::RecallExpired) => "已超过 120 秒，不能撤回",
        (_, RefusalKind::AlreadyRecalled) => "已经撤回过了",
        (_, RefusalKind::StrangerLimit) => "对方回复或关注你之前，只能发一条私信",
        (_, RefusalKind::RefusedByReceiver) => "对方的设置不允许",
        (_, RefusalKind::Blocked) => "对方在你的黑名单里",
        (_, RefusalKind::GroupGone) => "应援团已解散，或账号不在其中",
        (_, RefusalKind::NoSuchSession) => "还没有这个会话",
        (_, _) => english,
    })
}

impl Worded for Invalid {
    fn chinese(&self) -> Option<String> {
        Some(match self {
            Self::Content(invalid) => return invalid.chinese(),
            Self::Argument(invalid) => return invalid.chinese(),
            Self::Missing(missing) => match missing {
                Missing::Credential => "这个请求需要登录".to_owned(),
                Missing::CsrfToken => "Cookie 里没有 bili_jct，修改类操作都需要它".to_owned(),
                Missing::OwnUid => "不知道账号自己的 uid".to_owned(),
                Missing::SigningKeys => "这个请求需要签名，但没有签名密钥".to_owned(),
                _ => return None,
            },
            Self::ForeignCursor(owner) => {
                format!("保存的游标属于 uid {}", owner.0)
            }
            Self::CursorVersion(version) => format!("不认识游标的版本 {version}"),
            Self::ForeignTicket(owner) => format!("发送凭据属于 uid {owner}"),
            Self::TicketVersion(version) => format!("不认识发送凭据的版本 {version}"),
            Self::UsedTicket => "发送凭据已经用过，一份凭据只能发一次".to_owned(),
            Self::NotAnswerable => "只能回复别人亲自发来的消息".to_owned(),
            _ => return None,
        })
    }
}

impl Worded for InvalidContent {
    fn chinese(&self) -> Option<String> {
        Some(match self {
            Self::EmptyText => "文本是空的".to_owned(),
            Self::TooLong { bytes, over } => {
                format!("消息超长 {over} 字节：编码后 {bytes} 字节，上限 2000")
            }
            Self::ImageUrl(url) => format!("不是 https 的图片地址：{url}"),
            Self::ImageHost(host) => format!("图片在 {host} 上，不是服务自己的域名"),
            Self::NoImage => "不是 JPEG、PNG 或 GIF".to_owned(),
            Self::Webp => "这是 WebP，不确定服务是否接受".to_owned(),
            Self::ImageTooLong { bytes, most } => {
                format!("图片有 {bytes} 字节，这种格式最多 {most} 字节")
            }
            _ => return None,
        })
    }
}

impl Worded for InvalidArgument {
    fn chinese(&self) -> Option<String> {
        Some(match self {
            Self::NobodysNumber => "用户或应援团的编号不能是 0".to_owned(),
            Self::NoMessagesKey => "消息的 msg_key 不能是 0".to_owned(),
            Self::ToSelf => "不能给自己发私信".to_owned(),
            Self::TooManyUids { given } => {
                format!("一次可以查询 1 到 50 个用户，而不是 {given} 个")
            }
            Self::EmptyWord => "屏蔽词是空的".to_owned(),
            Self::IncompleteRule => "关键词回复需要标题和关键词".to_owned(),
            Self::NothingToChange => "没有给出要修改的设置".to_owned(),
            Self::TicketAddress => "登录被引向了不属于服务的地址".to_owned(),
            Self::Unencodable(why) => format!("无法写进请求：{why}"),
            _ => return None,
        })
    }
}

impl Worded for InvalidCredential {
    fn chinese(&self) -> Option<String> {
        Some(match self {
            Self::Unknown => "没有认出 bilibili 的 Cookie；可用的形式：Cookie 请求头、整段请求头、\
                 Set-Cookie、curl 命令、cookies.txt、JSON、开发者工具的表格，或 NAME=VALUE"
                .to_owned(),
            Self::BadJson { line, column } => {
                format!(
                    "开头像 JSON，但不是有效的 JSON：第 {line} 行第 {column} 列，是不是没复制全？"
                )
            }
            Self::NoSessdata { form, seen } => {
                format!(
                    "按{}读取，有 {}，但没有登录所需的 SESSDATA",
                    name(*form),
                    seen.join("、")
                )
            }
            Self::NoValue { form } => {
                format!("按{}读取，有 SESSDATA 这个名字，但没有值", name(*form))
            }
            Self::AnotherSite { form } => {
                format!(
                    "按{}读取，只有别的网站的 SESSDATA，没有 bilibili.com 的",
                    name(*form)
                )
            }
            Self::BadValue { form, name: cookie } => {
                format!(
                    "按{}读取，{cookie} 的值里有 Cookie 不允许的字符",
                    name(*form)
                )
            }
            _ => return None,
        })
    }
}

fn name(form: CookieForm) -> String {
    match form {
        CookieForm::Json => " JSON ".to_owned(),
        CookieForm::Curl => " curl 命令".to_owned(),
        CookieForm::Netscape => " cookies.txt ".to_owned(),
        CookieForm::Headers => "请求头".to_owned(),
        CookieForm::Table => " Cookie 表格".to_owned(),
        CookieForm::Pairs => " NAME=VALUE ".to_owned(),
        other => format!(" {other} "),
    }
}

impl Worded for InvalidOrigin {
    fn chinese(&self) -> Option<String> {
        match self {
            Self::Malformed => Some("地址要写成 https://HOST 或 http://127.0.0.1:PORT".to_owned()),
            Self::Insecure => Some("http 会在网络上暴露 Cookie，请用 https".to_owned()),
            _ => None,
        }
    }
}

impl Worded for InvalidSnapshot {
    fn chinese(&self) -> Option<String> {
        match self {
            Self::Version(version) => Some(format!("不认识它的版本 {version}")),
            Self::Foreign(owner) => Some(format!("它属于 uid {owner}")),
            _ => None,
        }
    }
}

impl Worded for io::Error {
    fn chinese(&self) -> Option<String> {
        let words = match self.kind() {
            io::ErrorKind::NotFound => "文件或目录不存在",
            io::ErrorKind::PermissionDenied => "没有权限",
            io::ErrorKind::AlreadyExists => "那里已经有一个文件",
            io::ErrorKind::NotADirectory => "路径里有一段不是目录",
            io::ErrorKind::IsADirectory => "它是目录",
            io::ErrorKind::StorageFull => "磁盘已满",
            io::ErrorKind::ReadOnlyFilesystem => "文件系统只读",
            io::ErrorKind::AddrInUse => "地址已被占用",
            io::ErrorKind::AddrNotAvailable => "本机没有这个地址",
            _ => return None,
        };
        Some(match self.raw_os_error() {
            Some(number) => format!("{words}（os error {number}）"),
            None => words.to_owned(),
        })
    }
}

/// What to do about an error.
pub(crate) fn advice(error: &Error) -> Option<&'static str> {
    let english = error.advice()?;
    Some(match current() {
        Language::English => english,
        Language::Chinese => chinese_advice(error).unwrap_or(english),
    })
}

fn chinese_advice(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Invalid(invalid) => match invalid {
            Invalid::Content(InvalidContent::TooLong { .. }) => "缩短一些，或分成几条发送",
            Invalid::Missing(Missing::CsrfToken) => "把 bili_jct 这个 Cookie 也复制过来",
            Invalid::Missing(Missing::Credential) => "给出已登录浏览器的 Cookie",
            Invalid::Missing(Missing::SigningKeys) => "服务这会儿没有给出密钥，过一分钟再试",
            Invalid::CursorVersion(_) => "请用写下它的那个版本；换新的游标会漏掉之后的消息",
            Invalid::UsedTicket => "先确认它的结果",
            _ => return None,
        },
        Error::Unreadable(unreadable) if unreadable.is_html => {
            "这通常是被屏蔽或风控，反复重试只会更糟：等几个小时，并在同一网络用浏览器打开网站"
        }
        Error::Unreadable(_) => "稍后再试；如果一直这样，请带上面的摘录报告问题",
        Error::Transport(_) => "检查网络后再试",
        Error::NotSent(not_sent) => return chinese_advice(&not_sent.cause),
        Error::Unconfirmed(_) => "重发之前先看看会话，消息可能已经送达",
        _ => match error.kind()? {
            RefusalKind::NotLoggedIn => {
                "从浏览器复制的 Cookie 会随浏览器更新而失效；请为本程序单独登录，可用几个月"
            }
            RefusalKind::Csrf => "SESSDATA 和 bili_jct 要来自同一次登录",
            RefusalKind::BadRequest => "重试没有用，请检查给出的编号",
            RefusalKind::Forbidden | RefusalKind::AccountBanned => "重试没有用",
            RefusalKind::RiskControl => "先停下，用浏览器打开网站完成验证",
            RefusalKind::RateLimited => "等够提示的时间，再放慢一些",
            RefusalKind::Service => "稍后再试",
            RefusalKind::PhoneRequired | RefusalKind::RealNameRequired => "请在网站上完成",
            RefusalKind::StrangerLimit => "等对方回复或关注你",
            RefusalKind::Blocked => "先把对方移出黑名单",
            RefusalKind::BadImage => "请用上传到服务的 JPEG、PNG 或 GIF",
            RefusalKind::TooLarge => "发小一点：PNG 和 JPEG 最大 20 MiB，GIF 最大 1 MiB",
            RefusalKind::Unavailable => {
                "重试没有用：服务已关闭这个功能，例如应援团消息自 2024 年 6 月起不能再发"
            }
            _ => return None,
        },
    })
}

//! `bili-im send`

use std::{
    fmt::{self, Display},
    io::{self, Read},
};

use bili_im_json::SendJson;
use bili_im_proto::{InvalidContent, MsgKey, SentMessage, Talker, Text};
use serde::Serialize;

use crate::{
    active_login::{ActiveLogin, Change},
    args::{DryRun, Global, To},
    failure::Failure,
    names::nobody,
    output::Output,
    parts::parts,
    words::without_line_end,
};

/// The most bytes that are read: more than any message has.
const MOST_INPUT: u64 = 1 << 20;

/// Send a text
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im send 1 'up主你好'
  printf 'two\\nlines' | bili-im send 1 -
  bili-im send 1 --split - < long.txt
  bili-im send --group 20001 '大家好'
  bili-im send 1 -- -5        a text that begins with a dash")]
pub(crate) struct Send {
    #[command(flatten)]
    to: To,
    /// What to send; - reads it from stdin
    text: String,
    /// Send a text that is too long as several messages; the first that fails stops the rest
    #[arg(long)]
    split: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Send {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let text = match self.text.as_str() {
            "-" if global.cookie_stdin => {
                return Err(Failure::wrong_use(
                    text!(
                        "stdin cannot hold both the cookie and the text",
                        "标准输入不能同时给出 Cookie 和文本"
                    ),
                    text!(
                        "give one of them otherwise, the cookie as a file for example",
                        "其中一个换种方式给，例如把 Cookie 放进文件"
                    ),
                ));
            }
            "-" => read_text()?,
            _ => self.text,
        };
        let talker = self.to.talker();
        if self.split {
            let texts = parts(&text)?;
            let login = ActiveLogin::open_to_change(global, out)?;
            return send_parts(texts, talker, &login, self.dry_run, out);
        }
        let text = Text::new(text).map_err(|invalid| {
            let is_too_long = matches!(invalid, InvalidContent::TooLong { .. });
            let failure = Failure::from(invalid);
            if is_too_long {
                failure.advise(text!(
                    "shorten it, or send it as several messages with --split",
                    "缩短一些，或用 --split 分成几条发送"
                ))
            } else {
                failure
            }
        })?;
        let login = ActiveLogin::open_to_change(global, out)?;
        let flow = login.client().account().send(talker, text);
        let sent = login.change(flow, self.dry_run);
        conclude(sent, talker, &login, out)
    }
}

/// Sends one text after another. The first that fails stops the rest.
fn send_parts(
    texts: Vec<Text>,
    talker: Talker,
    login: &ActiveLogin,
    dry_run: DryRun,
    out: Output,
) -> Result<(), Failure> {
    let total = texts.len();
    let mut sent = Parts::default();
    for (index, text) in texts.into_iter().enumerate() {
        let flow = login.client().account().send(talker, text);
        match login.change(flow, dry_run) {
            Ok(part) => sent
                .parts
                .push(part.map(|part| SendOutput::new(talker, part, out))),
            Err(failure) => {
                let failure = with_reason(failure, talker, login);
                return Err(failure.in_part(index + 1, total, &sent.keys()));
            }
        }
    }
    out.print(&sent)
}

/// What became of the parts of a text.
#[derive(Default, Serialize)]
struct Parts {
    parts: Vec<Change<SendOutput>>,
}

impl Parts {
    fn keys(&self) -> Vec<MsgKey> {
        let made = |part: &Change<SendOutput>| match part {
            Change::Made(sent) => Some(sent.0.msg_key),
            Change::Planned { .. } => None,
        };
        self.parts.iter().filter_map(made).collect()
    }
}

impl Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.parts.iter().map(Change::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Prints what became of a send.
pub(crate) fn conclude(
    sent: Result<Change<SentMessage>, Failure>,
    talker: Talker,
    login: &ActiveLogin,
    out: Output,
) -> Result<(), Failure> {
    let sent = sent.map_err(|failure| with_reason(failure, talker, login))?;
    out.print(&sent.map(|sent| SendOutput::new(talker, sent, out)))
}

/// Says so when the receiver does not exist: the service only says "not found".
fn with_reason(failure: Failure, talker: Talker, login: &ActiveLogin) -> Failure {
    if failure.is_not_found()
        && let Some(uid) = nobody(talker, login)
    {
        return failure.about_nobody(uid);
    }
    failure
}

fn read_text() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST_INPUT).read_to_end(&mut bytes);
    let text = match read.map(|_| String::from_utf8(bytes)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            return Err(Failure::wrong_use(
                text!("what stdin holds is not UTF-8", "标准输入的内容不是 UTF-8"),
                text!(
                    "convert it first, with iconv for example",
                    "先转换编码，例如用 iconv"
                ),
            ));
        }
        Err(error) => {
            return Err(Failure::wrong_use(
                format_text!("stdin cannot be read: {error}", "无法读取标准输入：{error}"),
                text!("give the text as an argument", "直接把文本写在命令行上"),
            ));
        }
    };
    Ok(without_line_end(&text).to_owned())
}

/// An accepted message.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct SendOutput(SendJson);

impl SendOutput {
    /// Also prints the warnings about the message.
    fn new(talker: Talker, sent: SentMessage, out: Output) -> Self {
        if let Some(toast) = &sent.toast {
            out.show_toast(toast);
        }
        if sent.read_back && !out.is_json() {
            // In JSON, the field `read_back` says the same.
            out.warn(text!(
                "the answer was lost, and the message was found in the conversation: one that looks \
                 the same and was written elsewhere at the same moment cannot be told apart from it",
                "应答丢失，但在会话里找到了这条消息；如果同一时刻在别处发过一样的内容，两者无法区分"
            ));
        }
        Self(SendJson::new(talker, sent))
    }
}

impl Display for SendOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "msg_key {}", self.0.msg_key)
    }
}

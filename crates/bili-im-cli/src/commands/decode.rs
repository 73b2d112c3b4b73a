//! `bili-im decode`

use std::io::{self, Read};

use bili_im_proto::{
    Endpoint, Error, Spec, for_each_endpoint,
    http::{Response, StatusCode},
};
use clap::{ValueEnum, builder::PossibleValue};
use heck::ToKebabCase;
use serde::Serialize;

#[allow(
    unused_imports,
    reason = "for answers that have no JSON of their own, if there are any"
)]
use crate::json::PlainText;
use crate::{args::Global, failure::Failure, json::Answer, language::in_english, output::Output};

/// The most bytes that are read: more than any answer has.
const MOST: u64 = 64 << 20;

/// Read an answer's body from stdin and print what the library makes of it, as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is sent, and no login is needed. A refusal is printed too, and is the exit code.
Logins and login codes in an answer are masked.

Examples:
  bili-im decode single-unread < captured.json
  bili-im decode send-msg --status 412 < page.html")]
pub(crate) struct Decode {
    /// The endpoint that answered, by the last segment of its path
    #[arg(id = "of", value_name = "ENDPOINT", value_enum, ignore_case = true)]
    endpoint: Decoder,
    /// The answer's HTTP status
    #[arg(long, value_name = "N", default_value = "200", value_parser = status)]
    status: StatusCode,
    /// Show what recalled messages said
    #[arg(long)]
    show_recalled: bool,
}

impl Decode {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let mut answer = Response::new(read_body()?);
        *answer.status_mut() = self.status;
        (self.endpoint.show)(&answer, self.show_recalled, out)
    }
}

/// Decodes and prints an answer; the `bool` is `--show-recalled`.
type Show = fn(&Response<Vec<u8>>, bool, Output) -> Result<(), Failure>;

/// An endpoint whose answers can be decoded.
#[derive(Debug, Clone, Copy)]
struct Decoder {
    /// The name of the endpoint's type.
    type_name: &'static str,
    spec: Spec,
    show: Show,
}

macro_rules! decoders {
    ($($endpoint:ident,)*) => {
        const DECODERS: &[Decoder] = &[$(Decoder {
            type_name: stringify!($endpoint),
            spec: bili_im_proto::$endpoint::SPEC,
            show: |answer, show_recalled, out| {
                let answer = bili_im_proto::$endpoint::response(answer);
                show(answer.and_then(|answer| Answer(answer).json(show_recalled)), out)
            },
        }),*];
    };
}

for_each_endpoint!(decoders);

impl ValueEnum for Decoder {
    fn value_variants<'a>() -> &'a [Self] {
        DECODERS
    }

    /// The last segment of the path. When two endpoints share a path, the second has its type's
    /// name.
    fn to_possible_value(&self) -> Option<PossibleValue> {
        let path = self.spec.path();
        let first = DECODERS
            .iter()
            .find(|decoder| decoder.spec.path() == path)?;
        let type_name = self.type_name.to_kebab_case();
        let name = if first.type_name == self.type_name {
            path.rsplit('/').next()?.to_kebab_case()
        } else {
            type_name.clone()
        };
        Some(PossibleValue::new(name).alias(type_name))
    }
}

fn show(answer: Result<impl Serialize, Error>, out: Output) -> Result<(), Failure> {
    match answer {
        Ok(json) => out.show(&json),
        Err(error) => {
            let for_scripts = in_english(|| Failure::from(error.clone()));
            out.show_failure(&for_scripts)?;
            Err(error.into())
        }
    }
}

fn status(text: &str) -> Result<StatusCode, String> {
    (text.parse()).map_err(|_| text!("invalid status code", "不是有效的状态码").to_owned())
}

fn read_body() -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let read = io::stdin().lock().take(MOST + 1).read_to_end(&mut body);
    match read {
        Ok(length) if length as u64 > MOST => Err(Failure::wrong_use(
            text!(
                "what stdin holds is longer than any answer",
                "标准输入的内容比任何应答都长"
            ),
            text!("give the body of one answer", "请给出一个应答的正文"),
        )),
        Ok(_) => Ok(body),
        Err(error) => Err(Failure::wrong_use(
            format_text!("stdin cannot be read: {error}", "无法读取标准输入：{error}"),
            text!("give the body of one answer", "请给出一个应答的正文"),
        )),
    }
}

//! Applies a fault to an answer.

#[cfg(test)]
mod tests;

use http::{
    Response, StatusCode,
    header::{HeaderValue, RETRY_AFTER},
};

use super::{Kind, PageBody, VoucherPlace};
use crate::{
    answer::{Refusal, html, render, respond},
    chance::Chance,
    reply::Reply,
    world::Mode,
};

const WHY: &str = "a fault is set";

impl Kind {
    /// The reply under this fault. `answer` is the real one, if the request took effect.
    pub(crate) fn apply(
        self,
        answer: Option<Response<Vec<u8>>>,
        mode: Mode,
        chance: &mut Chance,
    ) -> Reply {
        let refusal = match self {
            Self::BreakOff => return Reply::BrokenOff,
            Self::Stall => return Reply::Stalled,
            Self::CutShort { bytes } => return cut_short(answer, bytes),
            Self::Html => return Reply::Answer(html(StatusCode::OK)),
            Self::Empty => {
                return Reply::Answer(respond(StatusCode::OK, "application/json", Vec::new()));
            }
            Self::Http {
                status,
                body,
                retry_after,
            } => {
                return Reply::Answer(page(status, body, retry_after, mode));
            }
            // These change the service or a frame, not the answer.
            Self::RotateKeys
            | Self::Skew { .. }
            | Self::Close
            | Self::Garbage
            | Self::Giant { .. }
            | Self::Twice
            | Self::Late { .. }
            | Self::KickOut
            | Self::OtherUid
            | Self::Forged => {
                return answer.map_or(Reply::BrokenOff, Reply::Answer);
            }
            Self::Code { code, message } => {
                Refusal::new(code, message.unwrap_or_else(|| code.to_string()), WHY)
            }
            Self::Voucher(VoucherPlace::Body) => Refusal::voucher(chance, WHY),
            Self::Voucher(VoucherPlace::Code) => Refusal::risk_control(chance, WHY),
            Self::Voucher(VoucherPlace::Header) => Refusal::voucher_in_header(chance, WHY),
        };
        Reply::Answer(render(Err(refusal), mode))
    }
}

fn cut_short(answer: Option<Response<Vec<u8>>>, bytes: usize) -> Reply {
    match answer {
        Some(answer) if !answer.body().is_empty() => {
            let sent = bytes.min(answer.body().len() - 1);
            Reply::CutShort { answer, sent }
        }
        _ => Reply::BrokenOff,
    }
}

fn page(status: u16, body: PageBody, retry_after: Option<u64>, mode: Mode) -> Response<Vec<u8>> {
    let status_code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = match body {
        PageBody::Html => html(status_code),
        PageBody::Json => {
            let code = -i32::from(status);
            let mut answer = render(Err(Refusal::new(code, code.to_string(), WHY)), mode);
            *answer.status_mut() = status_code;
            answer
        }
    };
    if let Some(seconds) = retry_after {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

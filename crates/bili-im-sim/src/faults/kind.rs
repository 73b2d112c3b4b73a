//! What a fault does.

use serde::{Deserialize, Serialize};

use super::What;
use crate::push;

/// The longest body of a giant frame.
const LONGEST_GIANT: usize = 16 << 20;

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Kind {
    /// The answer has this code.
    Code {
        /// The code.
        code: i32,
        /// The message; the code itself when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The connection is closed without an answer.
    BreakOff,
    /// No answer ever comes.
    Stall,
    /// The connection is closed within the body; needs [`Effect::After`](super::Effect::After).
    CutShort {
        /// How many bytes of the body are sent; always fewer than it has.
        bytes: usize,
    },
    /// A web page with status 200.
    Html,
    /// Status 200 with an empty body.
    Empty,
    /// A status other than 200: 412, 429, 502, …
    Http {
        /// The status, 300 to 599.
        status: u16,
        /// The body.
        #[serde(default)]
        body: PageBody,
        /// The `Retry-After` header, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// A refusal of risk control, with a voucher.
    Voucher(VoucherPlace),
    /// The signing keys change, and then the request is handled.
    RotateKeys,
    /// The service's clock is wrong from now on, and then the request is handled.
    Skew {
        /// How far it is ahead; negative is behind.
        seconds: i64,
    },
    /// Push: the connection is closed with a close frame.
    Close,
    /// Push: bytes that are no message come in place of the frame.
    Garbage,
    /// Push: a very long frame comes in place of the frame.
    Giant {
        /// The length of its body, at most 16 MiB.
        bytes: usize,
    },
    /// Push: the frame comes twice.
    Twice,
    /// Push: the frame comes late, and frames after it may come before it.
    Late {
        /// How late.
        seconds: u32,
    },
    /// Push: the user is told that the connection is kicked out, in place of the frame. It gets no
    /// notifications from then on.
    KickOut,
    /// Push: a notification names another user.
    OtherUid,
    /// Push: a notification of a message that does not exist comes in place of the right one.
    Forged,
}

/// The body of an answer with an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageBody {
    /// A web page.
    #[default]
    Html,
    /// An envelope with the status, negated, as its code.
    Json,
}

/// Where risk control puts its voucher (docs/protocol.md §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoucherPlace {
    /// Under `data`, with code 0.
    Body,
    /// Under `data`, with code -352.
    Code,
    /// Only in the header `x-bili-gaia-vvoucher`, with code 0.
    Header,
}

impl Kind {
    /// Why this cannot happen to what a fault matches; `None` when it can.
    pub(super) fn misfit(&self, what: &What) -> Option<&'static str> {
        let is_frame = push::FRAMES.iter().any(|path| what.matches(path));
        match self {
            Self::OtherUid | Self::Forged if !what.matches(push::WATCH_NOTIFY) => {
                Some("only a notification can suffer it: WatchNotify")
            }
            Self::Giant { bytes } if *bytes > LONGEST_GIANT => Some("longer than 16 MiB"),
            Self::Close
            | Self::Garbage
            | Self::Giant { .. }
            | Self::Twice
            | Self::Late { .. }
            | Self::KickOut
                if !is_frame =>
            {
                Some("only a frame can suffer it: Auth, Subscribe, Heartbeat or WatchNotify")
            }
            Self::Html | Self::Empty | Self::Http { .. } | Self::Voucher(_) if is_frame => {
                Some("a frame of a push connection cannot suffer it")
            }
            _ => None,
        }
    }

    /// Whether a frame takes effect before it suffers this, whatever the fault's effect.
    pub(crate) fn spares_effect(&self) -> bool {
        matches!(self, Self::Twice | Self::Late { .. })
    }
}

//! Answer bodies, which a fault can cut short.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

/// A body that is sent whole, or cut short.
#[derive(Debug)]
pub(super) enum Sent {
    Whole(Full<Bytes>),
    CutShort(CutShort),
}

impl Sent {
    pub(super) fn whole(bytes: Vec<u8>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }

    /// Announces the length of all bytes, but sends only the first `sent`.
    pub(super) fn cut_short(bytes: Vec<u8>, sent: usize) -> Self {
        let announced = bytes.len();
        Self::CutShort(CutShort {
            announced,
            step: Step::Send(Bytes::from(bytes).slice(..sent.min(announced))),
        })
    }
}

#[derive(Debug)]
pub(super) struct CutShort {
    announced: usize,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Send(Bytes),
    /// Waits once, so that the sent bytes leave before the connection breaks.
    Flush,
    Break,
}

/// Ends a body that a fault cuts short.
#[derive(Debug, thiserror::Error)]
#[error("broken off by a fault")]
pub(super) struct BrokenOff;

impl From<Infallible> for BrokenOff {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let body = match self.get_mut() {
            Self::Whole(body) => {
                return Pin::new(body).poll_frame(context).map_err(BrokenOff::from);
            }
            Self::CutShort(body) => body,
        };
        match std::mem::replace(&mut body.step, Step::Break) {
            Step::Send(bytes) => {
                body.step = Step::Flush;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Step::Flush => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Break => Poll::Ready(Some(Err(BrokenOff))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::CutShort(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::CutShort(body) => {
                SizeHint::with_exact(u64::try_from(body.announced).unwrap_or(u64::MAX))
            }
        }
    }
}

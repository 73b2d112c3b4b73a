//! Answer bodies, which a fault can cut short.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{
    Response,
    header::{CONTENT_LENGTH, HeaderValue},
};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};

/// A body that is sent whole, or cut short.
pub(super) type Sent = UnsyncBoxBody<Bytes, BrokenOff>;

/// Ends a body that a fault cuts short.
#[derive(Debug, thiserror::Error)]
#[error("broken off by a fault")]
pub(super) struct BrokenOff;

pub(super) fn whole(bytes: Vec<u8>) -> Sent {
    let never = |never: Infallible| match never {};
    Full::from(bytes).map_err(never).boxed_unsync()
}

/// Announces the length of the whole body, but sends only the first `sent` bytes.
pub(super) fn cut_short(answer: Response<Vec<u8>>, sent: usize) -> Response<Sent> {
    let (mut head, body) = answer.into_parts();
    let announced = HeaderValue::from(body.len());
    head.headers.insert(CONTENT_LENGTH, announced);
    let start = Bytes::from(body.into_iter().take(sent).collect::<Vec<u8>>());
    let broken = stream::once(async {
        // Waits once, so that the sent bytes leave before the connection breaks.
        tokio::task::yield_now().await;
        Err(BrokenOff)
    });
    let frames = stream::iter([Ok(Frame::data(start))]).chain(broken);
    Response::from_parts(head, StreamBody::new(frames).boxed_unsync())
}

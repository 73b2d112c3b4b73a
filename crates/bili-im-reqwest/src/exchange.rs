use std::{
    error::Error as _,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bili_im_proto::{Failure, Outgoing, Sent};
use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};
use reqwest::{Body, Client, Request, Url, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};

/// Makes an HTTP client that cannot leak the account's cookie: no redirects, https only except for
/// loopback addresses.
pub(crate) fn new_client(loopback: bool, roots: Option<Vec<Vec<u8>>>) -> Client {
    let builder = Client::builder()
        .https_only(!loopback)
        .redirect(Policy::none())
        .tls_backend_preconfigured(tls(roots));
    let builder = if loopback {
        builder.no_proxy()
    } else {
        builder
    };
    #[expect(clippy::expect_used, reason = "only another TLS backend could fail")]
    builder
        .build()
        .expect("a client with its own TLS backend can be built")
}

/// An HTTP client as this crate's own: no redirects, and https only. With `plain` it also speaks
/// http, and uses no proxy.
pub fn http_client(plain: bool) -> Client {
    new_client(plain, None)
}

fn tls(roots: Option<Vec<Vec<u8>>>) -> ClientConfig {
    let mut store = RootCertStore::empty();
    match roots {
        Some(roots) => {
            store.add_parsable_certificates(roots.into_iter().map(CertificateDer::from));
        }
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    #[expect(clippy::expect_used, reason = "ring supports the default versions")]
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .with_root_certificates(store)
        .with_no_client_auth()
}

/// Sends a request and reads the whole answer.
pub(crate) fn exchange(
    client: &Client,
    outgoing: Outgoing,
) -> impl Future<Output = Result<Response<Vec<u8>>, Failure>> + use<> {
    let Outgoing {
        request,
        max_body,
        timeout,
        ..
    } = outgoing;
    // Passed to the client before the `async` block: a future that held the request until it is
    // polled would be many times larger.
    let under_way =
        prepare(request, timeout).map(|(request, was_read)| (client.execute(request), was_read));
    async move {
        let (answer, was_read) = under_way?;
        // Whatever the error says, a request whose body was never read cannot have arrived.
        let sent = || match &was_read {
            Some(read) if !read.load(Ordering::Acquire) => Sent::No,
            _ => Sent::Maybe,
        };
        let failure = |error: reqwest::Error| Failure::new(sent(), cause_text(error, timeout));
        let mut answer = answer.await.map_err(failure)?;
        let mut head = Response::new(()).into_parts().0;
        head.status = answer.status();
        head.headers = std::mem::take(answer.headers_mut());
        let mut body = Vec::new();
        let broken = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if chunk.len() > max_body - body.len() => {
                    let cause = format!("the answer is longer than {max_body} bytes");
                    break Failure::new(sent(), cause);
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Response::from_parts(head, body)),
                Err(error) => break failure(error),
            }
        };
        Err(Failure {
            head: Some(Box::new(head)),
            ..broken
        })
    }
}

/// The request for the HTTP client, and, if it has a body, a flag that is set once the body is
/// read.
fn prepare(
    request: http::Request<bili_im_proto::Body>,
    timeout: Duration,
) -> Result<(Request, Option<Arc<AtomicBool>>), Failure> {
    let (head, body) = request.into_parts();
    let url = Url::parse(&head.uri.to_string())
        .map_err(|error| Failure::new(Sent::No, error.to_string()))?;
    let mut request = Request::new(head.method, url);
    *request.headers_mut() = head.headers;
    *request.timeout_mut() = Some(timeout);
    if body.is_empty() {
        return Ok((request, None));
    }
    let read = Arc::new(AtomicBool::new(false));
    *request.body_mut() = Some(Body::wrap(TrackedBody {
        bytes: Some(Vec::from(body).into()),
        read: Arc::clone(&read),
    }));
    Ok((request, Some(read)))
}

/// The text of an error and its causes, without the address, which can hold keys.
pub(crate) fn cause_text(error: reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no whole answer within {} s", timeout.as_secs_f64());
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let further = error.to_string();
        if !text.ends_with(&further) {
            text.push_str(": ");
            text.push_str(&further);
        }
        source = error.source();
    }
    text
}

/// A body that records whether any of it was read.
struct TrackedBody {
    bytes: Option<Bytes>,
    read: Arc<AtomicBool>,
}

impl http_body::Body for TrackedBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.read.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().map(Frame::data).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}

use std::{
    cell::Cell,
    io::{self, Cursor, Read},
    time::Duration,
};

use bili_im_proto::{Failure, Outgoing, Sent};
use http::{Response, header::CONTENT_LENGTH};
use ureq::{
    Agent, AsSendBody, SendBody,
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::transport::DefaultConnector,
};

use crate::addresses::Addresses;

/// Makes an agent that cannot leak the account's cookie: no redirects, https only except for
/// loopback addresses.
pub(crate) fn new_agent(loopback: bool, roots: Option<Vec<Vec<u8>>>) -> Agent {
    let roots = roots.map_or(RootCerts::WebPki, |roots| {
        let own = |der: &Vec<u8>| Certificate::from_der(der).to_owned();
        RootCerts::from(roots.iter().map(own))
    });
    let config = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .https_only(!loopback)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        // The defaults, 128 KiB each, take longer to clear than a short answer takes to read. A
        // head may have 64 KiB: with no more room than that, a longer one looks like a lost
        // connection.
        .input_buffer_size(65 << 10)
        .output_buffer_size(16 << 10);
    let config = if loopback { config.proxy(None) } else { config };
    Agent::with_parts(
        config.build(),
        DefaultConnector::default(),
        Addresses::default(),
    )
}

/// Sends a request and reads the whole answer.
pub(crate) fn exchange(agent: &Agent, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
    let Outgoing {
        request,
        max_body,
        timeout,
        ..
    } = outgoing;
    let (mut head, body) = request.into_parts();
    if body.is_empty() {
        let request = http::Request::from_parts(head, ());
        return receive(agent, request, timeout, max_body, || Sent::Maybe);
    }
    head.headers
        .insert(CONTENT_LENGTH, body.as_ref().len().into());
    let read = Cell::new(false);
    let mut body = TrackedBody {
        bytes: Cursor::new(body.into()),
        read: &read,
    };
    let request = http::Request::from_parts(head, SendBody::from_reader(&mut body));
    // Whatever the error says, a request whose body was never read cannot have arrived.
    let sent = || if read.get() { Sent::Maybe } else { Sent::No };
    receive(agent, request, timeout, max_body, sent)
}

fn receive(
    agent: &Agent,
    request: http::Request<impl AsSendBody>,
    timeout: Duration,
    max_body: usize,
    sent: impl Fn() -> Sent,
) -> Result<Response<Vec<u8>>, Failure> {
    let failure = |cause: ureq::Error| Failure::new(sent(), cause_text(&cause, timeout));
    let request = agent
        .configure_request(request)
        .timeout_global(Some(timeout))
        .build();
    let (head, mut body) = agent.run(request).map_err(failure)?.into_parts();
    let limit = max_body.try_into().unwrap_or(u64::MAX);
    match body.with_config().limit(limit).read_to_vec() {
        Ok(body) => Ok(Response::from_parts(head, body)),
        Err(cause) => Err(Failure {
            head: Some(Box::new(head)),
            ..failure(cause)
        }),
    }
}

/// The text of an error. Errors that contain the address, which can hold keys, and those that say
/// little get a text of ours.
fn cause_text(cause: &ureq::Error, timeout: Duration) -> String {
    match cause {
        ureq::Error::Timeout(_) => format!("no whole answer within {} s", timeout.as_secs_f64()),
        ureq::Error::BodyExceedsLimit(limit) => format!("the answer is longer than {limit} bytes"),
        ureq::Error::BadUri(_) => "the address cannot be used".to_owned(),
        ureq::Error::RequireHttpsOnly(_) => "this agent speaks https only".to_owned(),
        other => other.to_string(),
    }
}

/// A body that records whether any of it was read.
struct TrackedBody<'a> {
    bytes: Cursor<Vec<u8>>,
    read: &'a Cell<bool>,
}

impl Read for TrackedBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read.set(true);
        self.bytes.read(buffer)
    }
}

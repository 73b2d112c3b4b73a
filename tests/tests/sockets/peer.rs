//! A peer that follows a script, and requests to it.

use std::{
    collections::VecDeque,
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use bili_im_proto::{
    Body, Context, Credential, DeviceId, Effect, Endpoint, Failure, Hosts, Origin, Outgoing,
    SendMsg, SigningKeys, SingleUnread, Text, Uid, UnixSeconds, http::Request,
};
use bili_im_tests::{
    Adapter,
    peer::{listen, read_request},
};

/// Longer than anything takes that happens at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of a request that was read to its end.
#[derive(Clone)]
pub(crate) enum Then {
    Answer(Vec<u8>),
    /// The connection is closed after these bytes.
    Close(Vec<u8>),
}

/// A listener that follows a script, and keeps the requests that it reads.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Peer {
    /// Does one thing after the other to the requests, and closes the connection in the end.
    pub(crate) fn new(script: impl IntoIterator<Item = Then>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Mutex::new(script.into_iter().collect::<VecDeque<_>>());
        let noted = Arc::clone(&seen);
        let address = listen(move |stream| serve(stream, &noted, &script));
        Self { address, seen }
    }

    /// Does this to every connection.
    pub(crate) fn doing(act: fn(TcpStream)) -> Self {
        Self::at(listen(act))
    }

    /// Whoever is at this address.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let seen = Arc::default();
        Self { address, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn origin(&self, scheme: &str) -> Origin {
        format!("{scheme}://{}", self.address).parse().unwrap()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Vec<u8>>>, script: &Mutex<VecDeque<Then>>) {
    while let Some(request) = read_request(&mut stream) {
        seen.lock().unwrap().push(request);
        let then = script.lock().unwrap().pop_front();
        match then {
            Some(Then::Answer(bytes)) => stream.write_all(&bytes).unwrap(),
            Some(Then::Close(bytes)) => {
                let _ = stream.write_all(&bytes);
                return;
            }
            None => return,
        }
    }
}

pub(crate) fn answer(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn credential() -> Credential {
    Credential::new("a%2Cb%2A", "0123456789abcdef", Uid(293_793_435)).unwrap()
}

fn context(origin: Origin) -> Context {
    let keys = SigningKeys::from_urls(
        "7cd084941338484aae1ad9425b84077c",
        "4932caff0ff746eab6f01bf08b70ac45",
    );
    Context::new(
        DeviceId::from_random([7; 16]),
        UnixSeconds(1_626_181_379).micros(),
    )
    .with_credential(credential())
    .with_keys(keys.unwrap())
    .with_hosts(Hosts::single(origin))
}

fn outgoing(request: Request<Body>) -> Outgoing {
    Outgoing {
        request,
        max_body: 1 << 16,
        timeout: PATIENCE,
        effect: Effect::Once,
    }
}

/// A send of a text full of characters that need encoding.
pub(crate) fn send(origin: Origin) -> Outgoing {
    let text = Text::new("a + b & c=d 100% *~ 你好\n\u{10ffff}").unwrap();
    let request = SendMsg::new(Uid(1), text)
        .request(&context(origin))
        .unwrap();
    outgoing(request)
}

pub(crate) fn unread(origin: Origin) -> Outgoing {
    outgoing(SingleUnread::new().request(&context(origin)).unwrap())
}

pub(crate) fn both(origin: &Origin) -> [Adapter; 2] {
    Adapter::both(&credential(), origin).unwrap()
}

/// How a send fails in both adapters, over connections of that scheme.
pub(crate) fn failures(peer: &Peer, scheme: &str) -> Vec<(&'static str, Failure)> {
    let origin = peer.origin(scheme);
    both(&origin)
        .into_iter()
        .map(|adapter| {
            let name = adapter.name();
            let outcome = adapter.exchange(send(origin.clone()));
            let failure = outcome.expect_err(name);
            for secret in ["a%2Cb", "0123456789abcdef", "w_rid"] {
                assert!(!format!("{failure:?}").contains(secret), "{failure:?}");
            }
            (name, failure)
        })
        .collect()
}

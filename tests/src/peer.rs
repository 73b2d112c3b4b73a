//! A listener whose answers the test chooses.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::{
    collections::VecDeque,
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use bili_im_proto::Origin;

/// A listener that answers requests, and keeps them.
pub struct Peer {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

/// A whole answer.
pub fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Then {
    /// It is answered with these bytes.
    Answer(String),
    /// The connection is closed after these bytes.
    Close(String),
}

impl Peer {
    /// Answers in plain text; a request is given as it came.
    pub fn plain(reply: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::over(|stream| stream, move |request| Then::Answer(reply(request)))
    }

    /// Does one thing after the other to the requests, and closes the connection in the end.
    pub fn scripted(script: impl IntoIterator<Item = Then>) -> Self {
        let script = Mutex::new(script.into_iter().collect::<VecDeque<_>>());
        let next = move || script.lock().unwrap().pop_front();
        let end = Then::Close(String::new());
        Self::over(
            |stream| stream,
            move |_| next().unwrap_or_else(|| end.clone()),
        )
    }

    /// Replies over something else, such as TLS, which is flushed after each answer.
    pub fn over<S: Read + Write>(
        secure: impl Fn(TcpStream) -> S + Send + Sync + 'static,
        reply: impl Fn(&str) -> Then + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let address = listen(move |stream: TcpStream| {
            let mut stream = secure(stream);
            while let Some(request) = read_request(&mut stream) {
                let request = String::from_utf8_lossy(&request).into_owned();
                kept.lock().unwrap().push(request.clone());
                let (bytes, is_last) = match reply(&request) {
                    Then::Answer(bytes) => (bytes, false),
                    Then::Close(bytes) => (bytes, true),
                };
                let sent = stream.write_all(bytes.as_bytes());
                if sent.and_then(|()| stream.flush()).is_err() || is_last {
                    return;
                }
            }
        });
        Self { address, seen }
    }

    /// The requests that came.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// The address as a client takes it.
pub fn origin(scheme: &str, address: SocketAddr) -> Origin {
    format!("{scheme}://{address}").parse().unwrap()
}

/// Listens on loopback, and does this to each connection, all at a time.
pub fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    address
}

/// Reads one request, with a body as long as it says. `None` when the connection ends before.
///
/// # Panics
/// When the length is no number.
pub fn read_request(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.extend(byte);
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let length = (head.lines()).find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    bytes.extend(body);
    Some(bytes)
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

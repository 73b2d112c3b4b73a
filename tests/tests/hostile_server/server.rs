//! The malicious server.

use std::{
    borrow::Cow,
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::LazyLock,
    thread,
    time::Duration,
};

use bili_im_proto::Origin;
use bili_im_tests::peer;
use flate2::{Compression, write::GzEncoder};

use self::Move::{Bomb, Close, Drip, Flood, Say, SayTimes, Stall};

/// Longer than anything takes that ends by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait for what never ends.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(300);

/// What the server does.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    /// Sends this.
    Say(Cow<'static, [u8]>),
    /// Sends this so often.
    SayTimes(usize, &'static [u8]),
    /// Sends this without end.
    Flood(&'static [u8]),
    /// Sends this without end, a byte now and then.
    Drip(&'static [u8]),
    /// Sends 100 MB of zeros, packed.
    Bomb,
    /// Sends no more.
    Stall,
    /// Closes its side of the connection.
    Close,
}

impl Move {
    pub(crate) fn make(&self, stream: &mut TcpStream) -> io::Result<()> {
        match self {
            Say(bytes) => stream.write_all(bytes),
            SayTimes(times, bytes) => (0..*times).try_for_each(|_| stream.write_all(bytes)),
            Flood(bytes) => {
                let bytes = bytes.repeat((1 << 16) / bytes.len());
                loop {
                    stream.write_all(&bytes)?;
                }
            }
            Drip(bytes) => (bytes.iter().cycle()).try_for_each(|byte| {
                thread::sleep(IMPATIENCE / 15);
                stream.write_all(&[*byte])
            }),
            Bomb => stream.write_all(&BOMB),
            Stall => {
                thread::sleep(PATIENCE);
                Ok(())
            }
            Close => stream.shutdown(Shutdown::Write),
        }
    }
}

pub(crate) static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1600 {
        bomb.write_all(&[0; 1 << 16]).unwrap();
    }
    bomb.finish().unwrap()
});

pub(crate) const fn say(text: &'static str) -> Move {
    Say(Cow::Borrowed(text.as_bytes()))
}

pub(crate) const OK: Move = say("HTTP/1.1 200 OK\r\n");

pub(crate) const CHUNKED: Move = say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");

pub(crate) const UNTIL_CLOSED: Move = say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");

pub(crate) const GZIP: Move =
    say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n");

pub(crate) const REST: Move = say("Content-Length: 2\r\n\r\n{}");

/// The head of a gzip file whose name follows.
pub(crate) const NAMED: Move = Say(Cow::Borrowed(b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"));

/// An empty file, packed.
pub(crate) const EMPTY: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";

/// A server that does this to each request, but for two whose answers clients need.
pub(crate) fn hostile(moves: Vec<Move>) -> Origin {
    listen("http", move |stream| {
        let mut head = [0; 4096];
        while let Some(length) = read_head(stream, &mut head) {
            let asked = std::str::from_utf8(&head[..length]).unwrap();
            let body = if asked.contains("my_group_unread") {
                r#"{"code":0,"data":{"unread_count":2}}"#
            } else if asked.contains("nav") {
                r#"{"code":0,"data":{"isLogin":true,"mid":5,"uname":"n","wbi_img":{"img_url":"7cd084941338484aae1ad9425b84077c","sub_url":"4932caff0ff746eab6f01bf08b70ac45"}}}"#
            } else {
                moves.iter().try_for_each(|act| act.make(stream))?;
                continue;
            };
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
            )?;
        }
        Ok(())
    })
}

/// Does this to every connection, until it fails because the client has seen enough.
pub(crate) fn listen(
    scheme: &str,
    serve: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> Origin {
    let address = peer::listen(move |mut stream| {
        let _enough = serve(&mut stream);
    });
    peer::origin(scheme, address)
}

/// Reads one request without a body, and allocates nothing.
fn read_head(stream: &mut TcpStream, head: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    while !head[..length].ends_with(b"\r\n\r\n") {
        stream.read_exact(head.get_mut(length..=length)?).ok()?;
        length += 1;
    }
    Some(length)
}

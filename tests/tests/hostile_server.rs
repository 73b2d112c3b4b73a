//! A server that means harm, against both adapters: whatever it sends ends in an answer or in a clear
//! failure, within the memory and the time that were set, and the client goes on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use std::{
    borrow::Cow,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use bili_im_proto::{
    Content, Context, Credential, DeviceId, Effect, Endpoint, Error, Failure, FetchSessionMsgs,
    Hosts, MyGroupUnread, Origin, Outgoing, Sent, SingleUnread, Uid, UnixSeconds, UploadBfs,
    http::Response,
};
use bili_im_tests::Adapter;
use flate2::{Compression, write::GzEncoder};
use peak_alloc::PeakAlloc;

use crate::{
    End::{Answers, Fails, IsTooLong, TimesOut},
    Move::{Bomb, Close, Drip, Flood, Say, SayTimes, Stall},
};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Longer than anything takes that ends by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// Short enough to wait for what never ends.
const IMPATIENCE: Duration = Duration::from_millis(300);

/// The most bytes of an answer in most of these tests.
const MAX_BODY: usize = 1 << 16;

/// What an exchange may take of memory beside three times the longest answer: buffers of the clients,
/// which hold a whole head of an answer, and gzip's window.
const BUFFERS: usize = 3 << 19;

/// What the server does.
#[derive(Debug, Clone)]
enum Move {
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
    fn make(&self, stream: &mut TcpStream) -> io::Result<()> {
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

static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1600 {
        bomb.write_all(&[0; 1 << 16]).unwrap();
    }
    bomb.finish().unwrap()
});

const fn say(text: &'static str) -> Move {
    Say(Cow::Borrowed(text.as_bytes()))
}

const OK: Move = say("HTTP/1.1 200 OK\r\n");
const CHUNKED: Move = say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
const UNTIL_CLOSED: Move = say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
const GZIP: Move = say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n");
const REST: Move = say("Content-Length: 2\r\n\r\n{}");

/// The head of a gzip file whose name follows.
const NAMED: Move = Say(Cow::Borrowed(b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"));

/// An empty file, packed.
const EMPTY: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";

/// A server that does this to each request, but for two whose answers clients need.
fn hostile(moves: Vec<Move>) -> Origin {
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

fn listen(
    scheme: &str,
    serve: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> Origin {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = Arc::clone(&serve);
            // It fails when the client has seen enough.
            thread::spawn(move || serve(&mut stream.unwrap()));
        }
    });
    format!("{scheme}://{address}").parse().unwrap()
}

/// One request without a body.
fn read_head(stream: &mut TcpStream, head: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    while !head[..length].ends_with(b"\r\n\r\n") {
        stream.read_exact(head.get_mut(length..=length)?).ok()?;
        length += 1;
    }
    Some(length)
}

fn credential() -> Credential {
    Credential::new("a%2Cb%2A", "0123456789abcdef", Uid(5)).unwrap()
}

fn both(origin: &Origin) -> [Adapter; 2] {
    Adapter::both(&credential(), origin).unwrap()
}

fn outgoing<E: Endpoint>(endpoint: &E, origin: &Origin, timeout: Duration) -> Outgoing {
    let time = UnixSeconds(1_626_181_379).micros();
    let context = Context::new(DeviceId::from_random([7; 16]), time)
        .with_credential(credential())
        .with_hosts(Hosts::single(origin.clone()));
    Outgoing {
        request: endpoint.request(&context).unwrap(),
        max_body: MAX_BODY,
        timeout,
        effect: Effect::Once,
    }
}

/// One test at a time: the heap is everybody's.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    LazyLock::force(&BOMB);
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something with an adapter, which works as before afterwards. What came of it, and how many
/// more bytes were allocated at a time meanwhile than before.
fn attack<T: Send + 'static>(
    name: &str,
    adapter: Adapter,
    exchange: impl FnOnce(&Adapter) -> T + Send + 'static,
) -> (T, usize) {
    let name = format!("{name}, {}", adapter.name());
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || {
        HEAP.reset_peak_usage();
        let before = HEAP.current_usage();
        let result = exchange(&adapter);
        let heap = HEAP.peak_usage() - before;
        let next = adapter.call(MyGroupUnread);
        done.send((result, heap, next.map(|groups| groups.unread_count)))
            .unwrap();
    });
    let (result, heap, next) =
        (outcome.recv_timeout(3 * PATIENCE)).unwrap_or_else(|_| panic!("{name} panicked or hung"));
    assert_eq!(next, Ok(2), "{name}: the request after it");
    (result, heap)
}

/// How an exchange ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// With an answer of that status and body.
    Answers(u16, &'static str),
    /// With a failure in these words.
    Fails(&'static str),
    /// When more than the longest answer was read.
    IsTooLong,
    /// When the time is over, and not before.
    TimesOut,
}

impl End {
    fn timeout(self) -> Duration {
        match self {
            TimesOut => IMPATIENCE,
            _ => PATIENCE,
        }
    }

    fn is(self, result: &Result<Response<Vec<u8>>, Failure>) -> bool {
        match (self, result) {
            (Answers(status, body), Ok(answer)) => {
                answer.status() == status && answer.body() == body.as_bytes()
            }
            (Fails(words), Err(failure)) => failure.cause.contains(words),
            (IsTooLong, Err(failure)) => failure.cause == "the answer is longer than 65536 bytes",
            (TimesOut, Err(failure)) => failure.cause == "no whole answer within 0.3 s",
            _ => false,
        }
    }
}

/// Attacks ureq and reqwest, each of which ends so.
fn check(name: &str, moves: &[Move], ends: [End; 2]) {
    let origin = hostile(moves.to_vec());
    for (adapter, end) in both(&origin).into_iter().zip(ends) {
        let outgoing = outgoing(&SingleUnread::new(), &origin, end.timeout());
        let name = format!("{name}, {}", adapter.name());
        let (result, heap) = attack(&name, adapter, |adapter| adapter.exchange(outgoing));
        assert!(
            end.is(&result),
            "{name} does not end so: {end:?}: {result:?}"
        );
        if let Err(failure) = result {
            for secret in ["a%2Cb", "0123456789abcdef"] {
                assert!(
                    !format!("{failure:?}").contains(secret),
                    "{name}: {failure:?}"
                );
            }
        }
        let most = 3 * MAX_BODY + BUFFERS;
        assert!(heap <= most, "{name} takes {heap} bytes");
    }
}

#[test]
fn no_body_without_end_is_read_to_its_end() {
    let _alone = alone();
    for (name, head) in [
        ("until closed", UNTIL_CLOSED),
        (
            "100 MB",
            say("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"),
        ),
        (
            "a redirect's",
            say("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"),
        ),
    ] {
        check(name, &[head, Flood(b" ")], [IsTooLong; 2]);
    }
    check(
        "the longest that can be said",
        &[
            OK,
            say("Content-Length: 18446744073709551615\r\n\r\n"),
            Flood(b" "),
        ],
        [IsTooLong, Fails("message head is too large")],
    );
}

#[test]
fn no_chunks_without_end_are_read_to_their_end() {
    let _alone = alone();
    for (name, chunks) in [
        ("small ones", [say(""), Flood(b"8\r\naaaaaaaa\r\n")]),
        ("the smallest", [say(""), Flood(b"1\r\na\r\n")]),
        ("a large one", [say("FFFFFFFFFFFFFFF\r\n"), Flood(b" ")]),
    ] {
        let [first, rest] = chunks;
        check(name, &[CHUNKED, first, rest], [IsTooLong; 2]);
    }
    check(
        "a larger one than there can be",
        &[CHUNKED, say("FFFFFFFFFFFFFFFFFFFF\r\n"), Flood(b" ")],
        [
            Fails("chunk length cannot be read as a number"),
            Fails("invalid chunk size: overflow"),
        ],
    );
    // hyper reads on without a limit, as long as there is time.
    check(
        "a size of very many digits",
        &[CHUNKED, SayTimes(1 << 14, &[b'0'; 64]), Stall],
        [Fails("body data reading stalled"), TimesOut],
    );
    check(
        "an extension without end",
        &[CHUNKED, say("1;"), Flood(b"x")],
        [
            Fails("body data reading stalled"),
            Fails("chunk extensions over limit"),
        ],
    );
    let last = say("2\r\n{}\r\n0\r\n");
    check(
        "a trailer without end",
        &[CHUNKED, last.clone(), say("x: "), Flood(b"x")],
        [
            Fails("body data reading stalled"),
            Fails("chunk trailers bytes over limit"),
        ],
    );
    // ureq reads on without a limit, as long as there is time.
    check(
        "trailers without end",
        &[CHUNKED, last, Flood(b"x: y\r\n")],
        [TimesOut, Fails("chunk trailers count overflow")],
    );
}

#[test]
fn no_server_that_takes_its_time_is_waited_for_longer_than_set() {
    let _alone = alone();
    let length = say("Content-Length: 1000000\r\n\r\n");
    for (name, moves) in [
        ("nothing", vec![Stall]),
        ("empty lines", vec![Drip(b"\r\n")]),
        (
            "interim answers",
            vec![Drip(b"HTTP/1.1 103 Early Hints\r\n\r\n")],
        ),
        ("a status line", vec![say("HTTP/1.1 200 "), Drip(b"a")]),
        ("headers", vec![OK, Drip(b"a: b\r\n")]),
        (
            "half a redirect",
            vec![say("HTTP/1.1 302 Found\r\nLocation: /x\r\n"), Stall],
        ),
        ("a body of a stated length", vec![OK, length, Drip(b" ")]),
        ("a body until closed", vec![UNTIL_CLOSED, Drip(b" ")]),
        ("chunks", vec![CHUNKED, Drip(b"1\r\na\r\n")]),
        ("gzip", vec![GZIP, NAMED, Drip(b"x")]),
    ] {
        check(name, &moves, [TimesOut; 2]);
    }
}

#[test]
fn no_gzip_bomb_goes_off() {
    let _alone = alone();
    let chunked =
        say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    let size = Say(format!("{:x}\r\n", BOMB.len()).into_bytes().into());
    // This one is not unpacked at all, and too long as it is.
    let twice = say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nConnection: close\r\n\r\n");
    for (name, moves) in [
        ("one", vec![GZIP, Bomb, Close]),
        ("several", vec![GZIP, Bomb, Bomb, Bomb, Close]),
        (
            "in a chunk",
            vec![chunked, size, Bomb, say("\r\n0\r\n\r\n")],
        ),
        ("said to be packed twice", vec![twice, Bomb, Close]),
    ] {
        check(name, &moves, [IsTooLong; 2]);
    }
    check(
        "files of nothing without end",
        &[GZIP, Flood(EMPTY)],
        [
            TimesOut,
            Fails("extra bytes after body has been decompressed"),
        ],
    );
    check(
        "a file's name without end",
        &[GZIP, NAMED, Flood(b"x")],
        [Fails("gzip header field too long"), TimesOut],
    );
    check(
        "what is no gzip",
        &[GZIP, Flood(b"x")],
        [Fails("invalid gzip header"), Fails("Invalid gzip header")],
    );
    check(
        "half a file",
        &[GZIP, Say(EMPTY[..15].into()), Close],
        [
            Fails("gzip decompression failed"),
            Fails("unexpected end of file"),
        ],
    );
    check(
        "no file",
        &[GZIP, Close],
        [Fails("unexpected end of file"), Answers(200, "")],
    );
}

#[test]
fn no_head_without_end_is_read_to_its_end() {
    let _alone = alone();
    const TOO_MANY: End = Fails("http parse resulted in too many headers");
    const TOO_BIG: End = Fails("response header is too big");
    const TOO_LARGE: End = Fails("message head is too large");
    for (name, moves, ureq) in [
        (
            "100,000 headers",
            vec![OK, SayTimes(100_000, b"x: y\r\n"), REST],
            TOO_MANY,
        ),
        ("headers", vec![OK, Flood(b"x: y\r\n")], TOO_MANY),
        (
            "a header of 10 MB",
            vec![
                OK,
                say("x: "),
                SayTimes(160, &[b'x'; 1 << 16]),
                say("\r\n"),
                REST,
            ],
            TOO_BIG,
        ),
        ("a header's name", vec![OK, Flood(b"x")], TOO_BIG),
        ("a reason", vec![say("HTTP/1.1 200 "), Flood(b"x")], TOO_BIG),
        ("empty lines", vec![Flood(b"\r\n")], TOO_BIG),
    ] {
        check(name, &moves, [ureq, TOO_LARGE]);
    }
    for interim in [
        &b"HTTP/1.1 100 Continue\r\n\r\n"[..],
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ] {
        let moves = [SayTimes(2000, interim), Stall];
        check("interim answers", &moves, [TimesOut; 2]);
    }
}

#[test]
fn what_is_no_http_is_told_so() {
    let _alone = alone();
    for (name, words) in [
        ("bytes", &b"\xff\xfe\0\x01\r\n\r\n"[..]),
        ("zeros", &[0; 100]),
        ("JSON alone", b"{\"code\":0}"),
        ("HTTP/2", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x80"),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
        (
            "another version",
            b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        ),
        ("no status", b"HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"),
    ] {
        check(
            name,
            &[Say(words.into()), Stall],
            [Fails("invalid HTTP version"); 2],
        );
    }
    for status in ["000", "99999", "-1", "200 \u{1b}[2J"] {
        let line = Say(format!("HTTP/1.1 {status}\r\n").into_bytes().into());
        let ends = [Fails("status"), Fails("invalid HTTP status-code parsed")];
        check(status, &[line, REST, Stall], ends);
    }
    for header in ["x", "x: \0", "x: \u{1b}[2J", "x: y\r\n z", "x y: z"] {
        let line = Say(format!("{header}\r\n").into_bytes().into());
        let ends = [
            Fails("http parse fail: invalid header"),
            Fails("invalid HTTP header parsed"),
        ];
        check(header, &[OK, line, REST, Stall], ends);
    }
    for length in ["99999999999999999999999", "-1", "3\r\nContent-Length: 4"] {
        let line = Say(format!("Content-Length: {length}\r\n\r\n{{}}")
            .into_bytes()
            .into());
        check(length, &[OK, line, Stall], [Fails("content-length"); 2]);
    }
    for size in ["x", "-2", ""] {
        let chunk = Say(format!("{size}\r\n{{}}\r\n").into_bytes().into());
        let ends = [
            Fails("chunk length cannot be read as a number"),
            Fails("Invalid chunk size line"),
        ];
        check(size, &[CHUNKED, chunk, Stall], ends);
    }
}

#[test]
fn a_body_of_another_length_than_said_is_noticed_or_cut() {
    let _alone = alone();
    for length in ["100", "9223372036854775807"] {
        let body = Say(format!("Content-Length: {length}\r\n\r\n{{}}")
            .into_bytes()
            .into());
        let ends = [
            Fails("Peer disconnected"),
            Fails("end of file before message length reached"),
        ];
        check("shorter", &[OK, body, Close], ends);
    }
    check(
        "a chunk longer than said",
        &[CHUNKED, say("2\r\n{}xx\r\n0\r\n\r\n")],
        [
            Fails("chunk expected crlf as next character"),
            Fails("Invalid chunk body CR"),
        ],
    );
    // The request after it must not take that for its answer.
    let other =
        "HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n{\"code\":0,\"data\":{\"unread_count\":666}}";
    check(
        "longer, by an answer to a request that was not made yet",
        &[OK, REST, say(other), Stall],
        [Answers(200, "{}"); 2],
    );
    let both = say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (name, moves) in [
        (
            "chunks, and a length as well",
            vec![both, say("2\r\n{}\r\n0\r\n\r\n")],
        ),
        (
            "after interim answers",
            vec![
                say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
                OK,
                REST,
            ],
        ),
    ] {
        check(name, &moves, [Answers(200, "{}"); 2]);
    }
    check(
        "where there is none",
        &[say("HTTP/1.1 204 No Content\r\n"), REST],
        [Answers(204, ""); 2],
    );
    check(
        "after another protocol was chosen",
        &[
            say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            Flood(b"x"),
        ],
        [Answers(101, ""); 2],
    );
}

#[test]
fn no_redirect_is_followed_wherever_it_leads() {
    let _alone = alone();
    for location in [
        "Location: /session_svr/v1/session_svr/single_unread\r\n",
        "Location: file:///etc/passwd\r\n",
        "Location: http://[\u{ff}\r\n",
        "",
    ] {
        let head = format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n");
        check(
            location,
            &[Say(head.into_bytes().into())],
            [Answers(302, ""); 2],
        );
    }
}

/// An image of that many bytes.
fn upload(length: usize) -> UploadBfs {
    let mut file =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x58\0\0\x01\x90\x08\x02\0\0\0\0\0\0\0".to_vec();
    file.resize(length, 0);
    UploadBfs::new(file).unwrap()
}

/// How a request fails whose time runs out.
fn run_out(upload: &UploadBfs, origin: &Origin) -> [Sent; 2] {
    both(origin).map(|adapter| {
        let result = adapter.exchange(outgoing(upload, origin, IMPATIENCE));
        assert!(TimesOut.is(&result), "{}: {result:?}", adapter.name());
        result.unwrap_err().sent
    })
}

#[test]
fn no_peer_that_reads_nothing_is_written_to_longer_than_set() {
    let _alone = alone();
    let origin = listen("http", |stream| Stall.make(stream));
    // More than the buffers of any socket take.
    assert_eq!(run_out(&upload(32 << 20), &origin), [Sent::Maybe; 2]);
}

#[test]
fn no_handshake_that_takes_its_time_is_waited_for_longer_than_set() {
    let _alone = alone();
    let origin = listen("https", |stream| {
        // The head of a long handshake message, and then its bytes one by one.
        stream.write_all(b"\x16\x03\x03\x40\0\x02\0\x3f\xfc")?;
        Drip(b"\x03").make(stream)
    });
    assert_eq!(run_out(&upload(1000), &origin), [Sent::No; 2]);
}

/// Calls an endpoint over both adapters, with the limits that calls have.
fn call<E>(name: &str, moves: Vec<Move>, endpoint: E) -> [(Result<E::Response, Error>, usize); 2]
where
    E: Endpoint + Clone + Send + Sync + 'static,
    E::Response: Send + 'static,
{
    both(&hostile(moves)).map(|adapter| {
        let endpoint = endpoint.clone();
        attack(name, adapter, |adapter| adapter.call(endpoint))
    })
}

#[test]
fn a_call_reads_no_hundred_megabytes() {
    let _alone = alone();
    const LIMIT: usize = 8 << 20;
    for (name, moves) in [
        ("as they are", vec![UNTIL_CLOSED, Flood(b" ")]),
        (
            "in chunks",
            vec![CHUNKED, say("FFFFFFFFFFFFFFF\r\n"), Flood(b" ")],
        ),
        ("packed", vec![GZIP, Bomb, Close]),
    ] {
        for (result, heap) in call(name, moves, SingleUnread::new()) {
            let error = result.unwrap_err().to_string();
            assert!(
                error.contains("longer than 8388608 bytes"),
                "{name}: {error}"
            );
            assert!(heap <= 3 * LIMIT + BUFFERS, "{name} take {heap} bytes");
        }
    }
}

/// A page of messages, and something else that nobody asked for.
fn page(messages: &str, other: &str) -> Vec<Move> {
    let body = format!(
        r#"{{"code":0,"data":{{"messages":[{messages}],"has_more":0,"other":{other}}},"other":{other}}}"#
    );
    vec![UNTIL_CLOSED, Say(body.into_bytes().into()), Close]
}

fn message(content: &str, other: &str) -> String {
    format!(
        r#"{{"sender_uid":1,"msg_type":1,"msg_seqno":1,"msg_key":1,"other":{other},"content":{content}}}"#
    )
}

fn nested(open: &str, close: &str) -> String {
    const LEVELS: usize = 100_000;
    format!("{}0{}", open.repeat(LEVELS), close.repeat(LEVELS))
}

#[test]
fn a_page_is_read_whatever_is_nested_in_it() {
    let _alone = alone();
    let lists = nested("[", "]");
    let objects = nested(r#"{\"a\":"#, "}");
    let deep = nested(r#"{"a":["#, "]}");
    for (name, moves) in [
        (
            "a content",
            page(&message(&format!(r#""{lists}""#), "0"), "0"),
        ),
        (
            "a text",
            page(
                &message(&format!(r#""{{\"content\":{objects}}}""#), "0"),
                "0",
            ),
        ),
        ("no text", page(&message(&lists, "0"), "0")),
    ] {
        for (result, heap) in call(name, moves, FetchSessionMsgs::new(Uid(1))) {
            let read = result.unwrap_or_else(|error| panic!("{name}: {error}"));
            let content = read.messages[0].content();
            assert!(
                matches!(content, Content::Malformed { .. }),
                "{name}: {content:?}"
            );
            assert!(heap <= LIMIT, "{name} takes {heap} bytes");
        }
    }
    let hello = message(r#""{\"content\":\"hello\"}""#, &deep);
    for (result, heap) in call(
        "where nobody looks",
        page(&hello, &deep),
        FetchSessionMsgs::new(Uid(1)),
    ) {
        let content = result.unwrap().messages[0].content();
        assert_eq!(content, Content::Text("hello".to_owned()));
        assert!(heap <= LIMIT, "{heap} bytes");
    }
}

/// What reading one answer of a hundred thousand levels may take.
const LIMIT: usize = 8 << 20;

#[test]
fn what_is_no_answer_is_told_so_however_deep() {
    let _alone = alone();
    for (name, body) in [
        ("lists", nested("[", "]")),
        ("objects cut short", "{\"data\":".repeat(100_000)),
    ] {
        let moves = vec![UNTIL_CLOSED, Say(body.into_bytes().into()), Close];
        for (result, heap) in call(name, moves, FetchSessionMsgs::new(Uid(1))) {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Unreadable(_)), "{name}: {error:?}");
            assert!(error.to_string().len() < 1000, "{name}");
            assert!(heap <= LIMIT, "{name} takes {heap} bytes");
        }
    }
}

#[test]
fn a_page_of_two_million_messages_is_refused() {
    let _alone = alone();
    let moves = vec![
        UNTIL_CLOSED,
        say("{\"code\":0,\"data\":{\"messages\":[{}"),
        SayTimes(2_000_000 / 10, b",{},{},{},{},{},{},{},{},{},{}"),
        say("]}}"),
        Close,
    ];
    for (result, heap) in call("a page", moves, FetchSessionMsgs::new(Uid(1))) {
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains("data.messages is missing, too long"),
            "{error}"
        );
        assert!(heap <= 32 << 20, "{heap} bytes");
    }
}

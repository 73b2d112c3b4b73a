//! HTTP that is long, packed or wrong: it ends in an answer or in a clear failure, in bounded
//! memory.

use crate::{
    alone,
    attack::{
        End::{self, Answers, Fails, IsTooLong, TimesOut},
        check,
    },
    server::{
        CHUNKED, EMPTY, GZIP,
        Move::{Bomb, Close, Flood, Say, SayTimes, Stall},
        NAMED, OK, REST, UNTIL_CLOSED, say,
    },
};

#[test]
fn a_body_without_end_is_not_read_to_its_end() {
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
fn chunks_without_end_are_not_read_to_their_end() {
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
fn a_gzip_bomb_is_not_unpacked() {
    let _alone = alone();
    let chunked =
        say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    let size = Say(format!("{:x}\r\n", crate::server::BOMB.len())
        .into_bytes()
        .into());
    // This one is not unpacked, and its packed form is too long.
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
fn a_head_without_end_is_not_read_to_its_end() {
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
fn an_answer_that_is_no_http_fails_as_such() {
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
    // The request after it must not take that for its answer. In one write, since what comes after
    // that request was made is its answer.
    let other = "Content-Length: 2\r\n\r\n{}\
        HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n{\"code\":0,\"data\":{\"unread_count\":666}}";
    check(
        "longer, by an answer to a request that was not made yet",
        &[OK, say(other), Stall],
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
}

#[test]
fn no_body_is_read_where_there_is_none() {
    let _alone = alone();
    check(
        "no content",
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

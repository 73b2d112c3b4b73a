//! Peers that are slow, or redirect.

use std::io::Write;

use bili_im_proto::{Origin, Sent, UploadBfs};

use crate::{
    alone,
    attack::{
        End::{Answers, TimesOut},
        both, check, outgoing,
    },
    server::{
        CHUNKED, GZIP, IMPATIENCE,
        Move::{Drip, Say, Stall},
        NAMED, OK, UNTIL_CLOSED, listen, say,
    },
};

#[test]
fn a_slow_server_is_given_up_in_time() {
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
fn a_peer_that_reads_nothing_is_given_up_in_time() {
    let _alone = alone();
    let origin = listen("http", |stream| Stall.make(stream));
    // More than the buffers of any socket take.
    assert_eq!(run_out(&upload(19 << 20), &origin), [Sent::Maybe; 2]);
}

#[test]
fn a_slow_handshake_is_given_up_in_time() {
    let _alone = alone();
    let origin = listen("https", |stream| {
        // The head of a long handshake message, and then its bytes one by one.
        stream.write_all(b"\x16\x03\x03\x40\0\x02\0\x3f\xfc")?;
        Drip(b"\x03").make(stream)
    });
    assert_eq!(run_out(&upload(1000), &origin), [Sent::No; 2]);
}

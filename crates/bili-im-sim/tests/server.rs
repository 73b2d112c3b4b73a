//! The server, called over a plain socket.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it within tests, not in their helpers"
)]

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, SystemTime},
};

use bili_im_sim::{
    Server, Service, World,
    faults::{Kind, Rule, When},
};

const UNREAD: &str = "/session_svr/v1/session_svr/single_unread";

fn serve() -> Server {
    let service = Service::new(World::demo(), SystemTime::now().into()).unwrap();
    Server::start(service, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

fn with_fault(rule: Rule) -> Server {
    let server = serve();
    server.with(|service| service.add_fault(rule)).unwrap();
    server
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.addr()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

/// A request for the unread counts, with more headers.
fn unread(more: &str) -> String {
    format!("GET {UNREAD} HTTP/1.1\r\nHost: localhost\r\nCookie: SESSDATA=sim-10001\r\n{more}\r\n")
}

/// Sends bytes, and reads until the server closes the connection.
fn exchange(server: &Server, request: &str) -> String {
    let mut stream = connect(server);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}"),
    }
    String::from_utf8(answer).unwrap()
}

fn check_still_serves(server: &Server) {
    let answer = exchange(server, &unread("Connection: close\r\n"));
    assert!(answer.contains("follow_unread"), "{answer}");
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let server = serve();
    let mut stream = connect(&server);
    for _ in 0..3 {
        stream.write_all(unread("").as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    }
}

#[test]
fn an_answer_has_only_the_services_date() {
    let server = serve();
    server.with(|service| service.skew_clock(-1_000_000_000));
    let answer = exchange(&server, &unread("Connection: close\r\n"));
    let dates: Vec<&str> = answer
        .lines()
        .filter(|line| line.to_ascii_lowercase().starts_with("date:"))
        .collect();
    assert_eq!(dates.len(), 1);
    let year = |date: &str| date.split(' ').nth(4).unwrap().parse::<i32>().unwrap();
    let local = httpdate::fmt_http_date(SystemTime::now());
    let years = year(&format!("date: {local}")) - year(dates[0]);
    assert!((31..=32).contains(&years), "{dates:?}");
}

#[test]
fn a_connection_that_is_broken_off_sends_no_byte() {
    let server = with_fault(Rule::new("single_unread", When::Once, Kind::BreakOff));
    assert_eq!(exchange(&server, &unread("")), "");
    check_still_serves(&server);
}

#[test]
fn a_cut_answer_announces_more_than_it_sends() {
    for bytes in [0, 10, 60] {
        let cut = Rule::new("single_unread", When::Once, Kind::CutShort { bytes }).after_effect();
        let answer = exchange(&with_fault(cut), &unread(""));
        let head = answer.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let announced: usize = length.lines().next().unwrap().parse().unwrap();
        assert_eq!(body(&answer).len(), bytes);
        assert!(announced > bytes);
    }
}

#[test]
fn a_stalled_connection_stays_open_and_others_go_on() {
    let server = with_fault(Rule::new("single_unread", When::Once, Kind::Stall));
    let mut stalled = connect(&server);
    stalled.write_all(unread("").as_bytes()).unwrap();
    stalled
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let error = stalled.read(&mut [0]).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
    check_still_serves(&server);
}

#[test]
fn dropping_the_server_ends_stalled_connections_and_frees_the_address() {
    let server = with_fault(Rule::new("single_unread", When::Once, Kind::Stall));
    let addr = server.addr();
    let mut stalled = connect(&server);
    stalled.write_all(unread("").as_bytes()).unwrap();
    while server.with(|service| service.faults()[0].fired) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(server);
    assert!(matches!(stalled.read(&mut [0]), Ok(0) | Err(_)));
    assert_eq!(
        TcpStream::connect(addr).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

#[test]
fn only_this_machine_is_served() {
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let service = Service::new(World::demo(), SystemTime::now().into()).unwrap();
        let error = Server::start(service, addr.parse().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            error.to_string().contains("is not a loopback address"),
            "{error}"
        );
    }
}

#[test]
fn a_body_too_large_is_refused() {
    let server = serve();
    let mut stream = connect(&server);
    let head = "POST /_sim/message HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = vec![b'x'; 1 << 20];
    // The server may close the connection before it has read everything.
    let _enough = (0..28).try_for_each(|_| stream.write_all(&chunk));
    let mut answer = [0; 12];
    match stream.read_exact(&mut answer) {
        Ok(()) => assert_eq!(&answer, b"HTTP/1.1 413"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    check_still_serves(&server);
}

#[test]
fn bytes_that_are_not_a_request_do_no_harm() {
    let server = serve();
    exchange(&server, "\u{0}\u{1}no request at all\r\n\r\n");
    check_still_serves(&server);
}

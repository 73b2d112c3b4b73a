use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use tokio_tungstenite::tungstenite::{
    Error, HandshakeError, Message as Frame, WebSocket, client::client,
};

use super::now;
use crate::{
    Server,
    faults::{Kind, Rule, When},
    ids::Talker,
    testing::{
        Sim,
        push::{handshake, shown, step},
    },
    world::{Act, Message, PushParts},
};

const CREATOR: u64 = 10001;
const FRIEND: u64 = 10002;
/// What the creator is told of a message from the friend.
const RIGHT: &str = "10001 info 10002 1";

type Socket = WebSocket<TcpStream>;

fn start() -> Server {
    let sim = Sim::with_push(PushParts::Info);
    Server::start(sim.service, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

fn stream(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.addr()).unwrap();
    // Only a test that fails waits this long.
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream
}

/// The answer to a plain HTTP request.
fn call(server: &Server, head: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let mut stream = stream(server);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A connection, or the status with which it is refused.
fn connect(server: &Server, cookie: &str) -> Result<Socket, u16> {
    match client(handshake(cookie), stream(server)) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// A connection that is told of the messages of the creator.
fn subscribe(server: &Server) -> Socket {
    let mut socket = connect(server, "SESSDATA=sim-10001").unwrap();
    for text in ["Auth 1", "Subscribe 2"] {
        assert_eq!(say(&mut socket, text), text);
    }
    socket
}

/// Sends a step, and returns what comes next.
fn say(socket: &mut Socket, text: &str) -> String {
    socket.send(Frame::binary(step(text))).unwrap();
    told(socket)
}

/// The next frame of the service, or how it ends the connection.
fn told(socket: &mut Socket) -> String {
    match socket.read() {
        Ok(Frame::Binary(frame)) => shown(&frame),
        Ok(Frame::Close(Some(close))) => format!("closed {}", u16::from(close.code)),
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => panic!("nothing came"),
        Err(_) => "broken off".to_owned(),
        Ok(other) => panic!("{other:?}"),
    }
}

/// A message from the friend to the creator.
fn write(server: &Server) {
    let message = Message::text(FRIEND, Talker::user(CREATOR), "x");
    let written = server.with(|service| service.write(message, now()));
    written.unwrap();
}

fn connections(server: &Server) -> usize {
    let state = server.with(|service| service.snapshot(now()));
    let mut accounts = state.accounts.iter();
    let account = accounts.find(|account| account.uid.0 == CREATOR);
    account.unwrap().push_connections
}

#[test]
fn a_fault_changes_a_frame_or_ends_the_connection() {
    for (kind, expected) in [
        (Kind::Giant { bytes: 9_000_001 }, "9000001 bytes"),
        (Kind::Close, "closed 1001"),
        (Kind::BreakOff, "broken off"),
        (Kind::CutShort { bytes: 20 }, "broken off"),
        (Kind::Late { seconds: 1 }, RIGHT),
    ] {
        let server = start();
        let mut socket = subscribe(&server);
        let is_late = matches!(kind, Kind::Late { .. });
        let rule = Rule::new("WatchNotify", When::Once, kind).after_effect();
        server.with(|service| service.add_fault(rule)).unwrap();
        let begun = Instant::now();
        write(&server);
        assert_eq!(told(&mut socket), expected);
        assert!(!is_late || begun.elapsed() >= Duration::from_millis(900));
    }
}

#[test]
fn messages_and_acts_are_told_at_once() {
    let server = start();
    let mut socket = subscribe(&server);
    for _ in 0..3 {
        write(&server);
        assert_eq!(told(&mut socket), RIGHT);
    }
    assert_eq!(say(&mut socket, "Heartbeat 6"), "Heartbeat 6");
    let message = r#"{"from":10002,"to":10001,"text":"x"}"#;
    let act = r#"{"kick_out":{"uid":10001}}"#;
    for (head, body, expected) in [
        ("POST /_sim/message", message, RIGHT),
        ("POST /_sim/act", act, "kick 10001"),
    ] {
        let answer = call(&server, head, body);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(told(&mut socket), expected);
    }
}

#[test]
fn a_handshake_is_refused_without_a_login_or_an_upgrade() {
    let server = start();
    assert_eq!(connect(&server, "SESSDATA=wrong").err(), Some(401));
    let answer = call(&server, "GET /sub", "");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}

#[test]
fn a_frame_that_is_no_message_ends_the_connection() {
    let server = start();
    for (frame, end) in [
        (Frame::binary(vec![0xff; 20]), "closed 1007"),
        (Frame::text("text"), "closed 1007"),
        (Frame::binary(vec![b' '; 100_000]), "broken off"),
    ] {
        let mut socket = subscribe(&server);
        socket.send(frame).unwrap();
        assert_eq!(told(&mut socket), end);
    }
}

#[test]
fn a_hundred_connections_are_told_of_a_message_and_forgotten() {
    let server = start();
    let mut sockets: Vec<_> = (0..100).map(|_| subscribe(&server)).collect();
    assert_eq!(connections(&server), 100);
    let uid = CREATOR.into();
    let act = Act::PushForged { uid };
    server.with(|service| service.act(act, now())).unwrap();
    for socket in &mut sockets {
        assert!(told(socket).contains("forged"));
    }
    sockets[0].close(None).unwrap();
    assert!(matches!(sockets[0].read(), Ok(Frame::Close(_))));
    drop(sockets);
    while connections(&server) > 0 {
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn dropping_the_server_ends_its_push_connections() {
    let server = start();
    let mut socket = subscribe(&server);
    drop(server);
    assert_eq!(told(&mut socket), "broken off");
}

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
};
use tokio_tungstenite::tungstenite::{
    Error, HandshakeError, Message as Frame, WebSocket, client::client,
};

use super::now;
use crate::{
    Server, Service,
    faults::{Kind, Rule, When},
    ids::Talker,
    testing::push::{handshake, shown, step, world_with_push},
    world::{Act, Message, PushParts},
};

const CREATOR: u64 = 10001;
const FRIEND: u64 = 10002;
const COOKIE: &str = "SESSDATA=sim-10001";
/// What the creator is told of a message from the friend.
const RIGHT: &str = "10001 info 10002 1";
/// Only a test that fails waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

trait Io: Read + Write {}
impl<T: Read + Write> Io for T {}

type Socket = WebSocket<Box<dyn Io>>;

/// A server, and how its clients connect.
struct Transport {
    server: Server,
    tls: Option<Arc<ClientConfig>>,
}

impl Transport {
    fn plain() -> Self {
        let server = Server::start(service(), loopback()).unwrap();
        Self { server, tls: None }
    }

    fn tls() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.into();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut trusted = RootCertStore::empty();
        trusted.add(certificate.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let server = Server::start_tls(service(), loopback(), config).unwrap();
        Self {
            server,
            tls: Some(Arc::new(client)),
        }
    }

    fn stream(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.addr()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A connection, or the status with which it is refused.
    fn connect(&self, cookie: &str) -> Result<Socket, u16> {
        let stream = self.stream();
        let io: Box<dyn Io> = match &self.tls {
            None => Box::new(stream),
            Some(config) => {
                let name = ServerName::try_from("localhost").unwrap();
                let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
                Box::new(StreamOwned::new(tls, stream))
            }
        };
        match client(handshake(cookie), io) {
            Ok((socket, _)) => Ok(socket),
            Err(HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A connection that is told of the messages of the creator.
    fn subscribe(&self) -> Socket {
        let mut socket = self.connect(COOKIE).unwrap();
        assert_eq!(say(&mut socket, 1, "Auth"), "Auth 1");
        assert_eq!(say(&mut socket, 2, "Subscribe"), "Subscribe 2");
        socket
    }

    /// A message from the friend to the creator.
    fn write(&self) {
        let message = Message::text(FRIEND, Talker::user(CREATOR), "x");
        self.server
            .with(|service| service.write(message, now()))
            .unwrap();
    }

    /// What a new connection is told of a message that suffers only this fault.
    fn told_after(&self, kind: Kind) -> String {
        let mut socket = self.subscribe();
        let rule = Rule::new("WatchNotify", When::Always, kind).after_effect();
        self.server.with(|service| {
            service.clear_faults();
            service.add_fault(rule).unwrap();
        });
        self.write();
        told(&mut socket)
    }

    /// The answer to a plain HTTP request.
    fn call(&self, head: &str, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = self.stream();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn connections(&self) -> usize {
        let state = self.server.with(|service| service.snapshot(now()));
        let mut accounts = state.accounts.iter();
        let account = accounts.find(|account| account.uid.0 == CREATOR);
        account.unwrap().push_connections
    }
}

fn service() -> Service {
    Service::new(world_with_push(PushParts::Info), now()).unwrap()
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Sends a step, and returns what comes next.
fn say(socket: &mut Socket, sequence: u64, name: &str) -> String {
    socket.send(Frame::binary(step(sequence, name))).unwrap();
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

#[test]
fn connections_are_told_at_once_and_end_as_their_faults_say() {
    for transport in [Transport::plain(), Transport::tls()] {
        let mut socket = transport.subscribe();
        for _ in 0..3 {
            transport.write();
            assert_eq!(told(&mut socket), RIGHT);
        }
        assert_eq!(say(&mut socket, 6, "Heartbeat"), "Heartbeat 6");
        assert_eq!(
            transport.told_after(Kind::Giant { bytes: 9_000_001 }),
            "9000001 bytes"
        );
        assert_eq!(transport.told_after(Kind::Close), "closed 1001");
        assert_eq!(transport.told_after(Kind::BreakOff), "broken off");
        assert_eq!(
            transport.told_after(Kind::CutShort { bytes: 20 }),
            "broken off"
        );
        let begun = Instant::now();
        assert_eq!(transport.told_after(Kind::Late { seconds: 1 }), RIGHT);
        assert!(begun.elapsed() >= Duration::from_millis(900));
    }
}

#[test]
fn messages_and_acts_over_http_are_told() {
    let transport = Transport::plain();
    let mut socket = transport.subscribe();
    for (path, body, expected) in [
        (
            "/_sim/message",
            r#"{"from":10002,"to":10001,"text":"x"}"#,
            RIGHT,
        ),
        ("/_sim/act", r#"{"kick_out":{"uid":10001}}"#, "kick 10001"),
    ] {
        let answer = transport.call(&format!("POST {path}"), body);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(told(&mut socket), expected);
    }
}

#[test]
fn a_handshake_is_refused_without_a_login_or_an_upgrade() {
    let transport = Transport::plain();
    assert_eq!(transport.connect("SESSDATA=wrong").err(), Some(401));
    let answer = transport.call("GET /sub", "");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}

#[test]
fn a_frame_that_is_no_message_ends_the_connection() {
    let transport = Transport::plain();
    for (frame, end) in [
        (Frame::binary(vec![0xff; 20]), "closed 1007"),
        (Frame::text("text"), "closed 1007"),
        (Frame::binary(vec![b' '; 100_000]), "broken off"),
    ] {
        let mut socket = transport.subscribe();
        socket.send(frame).unwrap();
        assert_eq!(told(&mut socket), end);
    }
}

#[test]
fn a_hundred_connections_are_told_of_a_message_and_forgotten() {
    let transport = Transport::plain();
    let mut sockets: Vec<_> = (0..100).map(|_| transport.subscribe()).collect();
    assert_eq!(transport.connections(), 100);
    let act = Act::PushForged {
        uid: CREATOR.into(),
    };
    transport
        .server
        .with(|service| service.act(act, now()))
        .unwrap();
    for socket in &mut sockets {
        assert!(told(socket).contains("forged"));
    }
    sockets[0].close(None).unwrap();
    assert!(matches!(sockets[0].read(), Ok(Frame::Close(_))));
    drop(sockets);
    while transport.connections() > 0 {
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn dropping_the_server_ends_its_push_connections() {
    let transport = Transport::plain();
    let mut socket = transport.subscribe();
    drop(transport);
    assert_eq!(told(&mut socket), "broken off");
}

//! The server with TLS.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it within tests, not in their helpers"
)]

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bili_im_sim::{
    QrLogin, Server, Service, World,
    faults::{Kind, Rule, When},
    rustls::{
        ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};
use tokio_tungstenite::tungstenite::{Message as Frame, client::IntoClientRequest, client::client};

const UNREAD: &str = "/session_svr/v1/session_svr/single_unread";
/// A client's first frame of push, written by hand (docs/protocol.md §15).
const AUTH: &[u8] = b"\n\x02\x10\x01\x12%/bilibili.broadcast.v1.Broadcast/Auth\
    \x1a=\n1type.googleapis.com/bilibili.broadcast.v1.AuthReq\x12\x08\n\x06a-guid";

/// A server, and the certificates that its clients have to trust.
struct Secured {
    server: Server,
    trusted: RootCertStore,
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl Secured {
    fn start() -> Self {
        Self::start_with(World::demo())
    }

    fn start_with(world: World) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.into();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut trusted = RootCertStore::empty();
        trusted.add(certificate.clone()).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let service = Service::new(world, SystemTime::now().into()).unwrap();
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            server: Server::start_tls(service, loopback, config).unwrap(),
            trusted,
        }
    }

    fn connect_trusting(&self, trusted: RootCertStore) -> Stream {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let socket = TcpStream::connect(self.server.addr()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        StreamOwned::new(
            ClientConnection::new(Arc::new(config), name).unwrap(),
            socket,
        )
    }

    fn connect(&self) -> Stream {
        self.connect_trusting(self.trusted.clone())
    }
}

/// Asks for the unread counts. Returns the bytes that were read, and whether TLS was closed properly.
fn ask(stream: &mut Stream) -> (String, io::Result<()>) {
    ask_for(stream, UNREAD)
}

fn ask_for(stream: &mut Stream, path: &str) -> (String, io::Result<()>) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: SESSDATA=sim-10001\r\nConnection: close\r\n\r\n"
    );
    let mut answer = Vec::new();
    let end = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_end(&mut answer))
        .map(drop);
    (String::from_utf8(answer).unwrap(), end)
}

#[test]
fn a_client_that_does_not_trust_the_certificate_leaves_and_others_are_answered() {
    let secured = Secured::start();
    let (answer, end) = ask(&mut secured.connect_trusting(RootCertStore::empty()));
    assert_eq!(answer, "");
    assert!(end.unwrap_err().to_string().contains("UnknownIssuer"));
    let (answer, end) = ask(&mut secured.connect());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""follow_unread":2"#), "{answer}");
    end.unwrap();
}

#[test]
fn the_address_of_a_ticket_is_https_too() {
    let mut world = World::demo();
    world.options.qr_login = QrLogin::Ticket;
    let secured = Secured::start_with(world);
    let code = "/x/passport-login/web/qrcode";
    ask_for(&mut secured.connect(), &format!("{code}/generate"))
        .1
        .unwrap();
    let confirm = |service: &mut Service| service.confirm_qr(None, 10001, SystemTime::now().into());
    let key = secured.server.with(confirm).unwrap();
    let poll = format!("{code}/poll?qrcode_key={key}");
    let (answer, _) = ask_for(&mut secured.connect(), &poll);
    let address = r#""url":"https://localhost/x/passport-login/web/crossDomain?ticket="#;
    assert!(answer.contains(address), "{answer}");
}

#[test]
fn plain_http_gets_no_answer() {
    let secured = Secured::start();
    let mut socket = TcpStream::connect(secured.server.addr()).unwrap();
    socket
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    // The server may still send a TLS alert.
    let _end = socket.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[test]
fn a_connection_that_breaks_off_or_is_cut_ends_without_the_farewell_of_tls() {
    let cut = Rule::new("single_unread", When::Once, Kind::CutShort { bytes: 10 }).after_effect();
    let broken = Rule::new("single_unread", When::Once, Kind::BreakOff);
    for (rule, body) in [(cut, r#"{"code":0,"#), (broken, "")] {
        let secured = Secured::start();
        secured
            .server
            .with(|service| service.add_fault(rule))
            .unwrap();
        let (answer, end) = ask(&mut secured.connect());
        assert_eq!(answer.split_once("\r\n\r\n").map_or("", |it| it.1), body);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_push_connection_ends_as_its_fault_says() {
    let cut = Kind::CutShort { bytes: 20 };
    for (kind, closes) in [(Kind::Close, true), (Kind::BreakOff, false), (cut, false)] {
        let secured = Secured::start();
        let mut request = "ws://localhost/sub".into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", "SESSDATA=sim-10001".parse().unwrap());
        headers.insert("sec-websocket-protocol", "proto".parse().unwrap());
        let (mut socket, _) = client(request, secured.connect()).unwrap();
        let rule = Rule::new("Auth", When::Once, kind).after_effect();
        let server = &secured.server;
        server.with(|service| service.add_fault(rule)).unwrap();
        socket.send(Frame::binary(AUTH)).unwrap();
        match socket.read() {
            Ok(Frame::Close(Some(close))) if closes => assert_eq!(u16::from(close.code), 1001),
            end => assert!(!closes && end.is_err(), "{end:?}"),
        }
        let seen = server.with(|service| service.faults()[0].seen);
        assert_eq!(seen, 1, "the frame was read");
    }
}

#[test]
fn only_this_machine_is_served() {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(
            bili_im_sim::rustls::server::ResolvesServerCertUsingSni::new(),
        ));
    let service = Service::new(World::demo(), SystemTime::now().into()).unwrap();
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = Server::start_tls(service, everywhere, config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

//! A client of push whose frames are written by hand.

use std::{
    fmt::Debug,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bili_im_sim::{Server, Service, Whim, World};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};

/// Only a test that fails waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

const BROADCAST: &str = "/bilibili.broadcast.v1.Broadcast/";

pub(crate) trait Io: AsyncRead + AsyncWrite + Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Io for T {}

pub(crate) type Socket = WebSocketStream<Box<dyn Io>>;

/// A server, and how its clients connect.
pub(crate) struct Transport {
    pub(crate) server: Server,
    tls: Option<TlsConnector>,
}

impl Transport {
    pub(crate) fn all() -> [Self; 2] {
        [Self::plain(), Self::tls()]
    }

    pub(crate) fn plain() -> Self {
        Self {
            server: Server::start(service(), loopback()).unwrap(),
            tls: None,
        }
    }

    fn tls() -> Self {
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
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        Self {
            server: Server::start_tls(service(), loopback(), config).unwrap(),
            tls: Some(Arc::new(client).into()),
        }
    }

    async fn connect(&self) -> Box<dyn Io> {
        let stream = TcpStream::connect(self.server.addr()).await.unwrap();
        let Some(tls) = &self.tls else {
            return Box::new(stream);
        };
        let name = ServerName::try_from("localhost").unwrap();
        Box::new(tls.connect(name, stream).await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        self.call(format!("GET {path} HTTP/1.1\r\n"), "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nContent-Length: {length}\r\n");
        self.call(head, body).await
    }

    async fn call(&self, head: String, body: &str) -> String {
        let mut io = self.connect().await;
        let request = format!("{head}Host: localhost\r\nConnection: close\r\n\r\n{body}");
        io.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        io.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The demo world, whose notifications are plain.
fn service() -> Service {
    let mut world = World::demo();
    world.options.push_base64 = Whim::Never;
    Service::new(world, SystemTime::now().into()).unwrap()
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test);
}

pub(crate) async fn handshake(transport: &Transport, cookie: &str) -> Result<Socket, Error> {
    let address = "ws://broadcast.chat.bilibili.com:7826/sub";
    let mut request = address.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("cookie", cookie.parse().unwrap());
    headers.insert("sec-websocket-protocol", "proto".parse().unwrap());
    let (socket, answer) = client_async(request, transport.connect().await).await?;
    assert_eq!(answer.headers()["sec-websocket-protocol"], "proto");
    Ok(socket)
}

/// A connection that is told of the messages of 10001.
pub(crate) async fn subscribe(transport: &Transport) -> Socket {
    let mut socket = handshake(transport, "SESSDATA=sim-10001").await.unwrap();
    for (sequence, name) in [(1, "Auth"), (2, "Subscribe")] {
        let answer = say(&mut socket, sequence, name).await;
        let path = format!("{BROADCAST}{name}");
        assert!(
            answer
                .windows(path.len())
                .any(|part| part == path.as_bytes())
        );
        // The first field of the options: the same `sequence`, as field 2.
        assert_eq!(answer.get(2..4), Some(&[0x10, sequence][..]));
    }
    socket
}

/// A field with a length, which is short.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    assert!(length < 0x80);
    [&[number << 3 | 2, length], bytes].concat()
}

/// Sends a step, and returns the service's next frame.
pub(crate) async fn say(socket: &mut Socket, sequence: u8, name: &str) -> Vec<u8> {
    let (body_type, body) = match name {
        "Auth" => ("AuthReq", field(1, b"e8f1e1f0-7e5c-4b57-8f0a-3d1f5d9b7c11")),
        "Subscribe" => {
            let path = b"/bilibili.broadcast.message.im.Notify/WatchNotify";
            ("TargetPath", field(1, path))
        }
        _ => ("HeartbeatReq", Vec::new()),
    };
    let body_type = format!("type.googleapis.com/bilibili.broadcast.v1.{body_type}");
    let any = [field(1, body_type.as_bytes()), field(2, &body)].concat();
    let path = format!("{BROADCAST}{name}");
    let frame = [
        field(1, &[0x10, sequence]),
        field(2, path.as_bytes()),
        field(3, &any),
    ];
    send(socket, frame.concat()).await;
    told(socket).await
}

pub(crate) async fn send(socket: &mut Socket, frame: Vec<u8>) {
    socket.send(Message::binary(frame)).await.unwrap();
}

/// The next frame of the service.
pub(crate) async fn told(socket: &mut Socket) -> Vec<u8> {
    match timeout(PATIENCE, socket.next()).await.unwrap() {
        Some(Ok(Message::Binary(frame))) => frame.to_vec(),
        other => panic!("no frame: {other:?}"),
    }
}

/// The code of the close frame with which the service ends the connection, before any other frame.
pub(crate) async fn ended(socket: &mut Socket) -> Result<CloseCode, String> {
    match timeout(PATIENCE, socket.next()).await.unwrap() {
        Some(Ok(Message::Close(Some(close)))) => Ok(close.code),
        other => Err(format!("{other:?}")),
    }
}

//! The server: a service behind a listening socket, in its own thread.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{connection::Transport, shared::Shared};
use crate::service::Service;

/// How long to wait after a failed accept, as when no file handles are left.
const PAUSE: Duration = Duration::from_millis(50);

/// A service that listens on a loopback address, in its own thread, until it is dropped.
///
/// It stands for all hosts of the real service, whose paths are different.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a loopback address; port 0 chooses a free port.
    ///
    /// # Errors
    ///
    /// When the address is not a loopback address, or cannot be listened on.
    pub fn start(service: Service, addr: SocketAddr) -> io::Result<Self> {
        Self::listen(service, addr, Transport::Plain)
    }

    /// Like [`start`](Self::start), with every connection inside TLS.
    ///
    /// # Errors
    ///
    /// When the address is not a loopback address, or cannot be listened on.
    #[cfg(feature = "tls")]
    pub fn start_tls(
        service: Service,
        addr: SocketAddr,
        config: impl Into<Arc<rustls::ServerConfig>>,
    ) -> io::Result<Self> {
        Self::listen(service, addr, Transport::Tls(config.into().into()))
    }

    fn listen(service: Service, addr: SocketAddr, transport: Transport) -> io::Result<Self> {
        if !addr.ip().to_canonical().is_loopback() {
            let problem = format!(
                "the simulated service is for this machine alone: {} is not a loopback address",
                addr.ip()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let shared = Arc::new(Shared::new(service));
        let (stop, stopped) = oneshot::channel();
        let accepting = accept(listener, transport, Arc::clone(&shared));
        let thread = thread::Builder::new()
            .name("bili-im-sim".to_owned())
            .spawn(move || {
                runtime.spawn(accepting);
                // Returns when the server is dropped; the runtime then drops all connections.
                let _stopped = runtime.block_on(stopped);
            })?;
        Ok(Self {
            addr,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Reads or changes the service between two requests.
    pub fn with<T>(&self, access: impl FnOnce(&mut Service) -> T) -> T {
        self.shared.with(access)
    }

    /// Serves for as long as the process lives.
    pub fn wait(mut self) {
        self.join();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the runtime's thread is not repeated here.
            let _ended = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.join();
    }
}

async fn accept(listener: tokio::net::TcpListener, transport: Transport, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small: waiting for a full packet would only delay them.
                let _best_effort = stream.set_nodelay(true);
                tokio::spawn(transport.clone().serve(stream, Arc::clone(&shared)));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

//! Plain or TLS connections.

use std::sync::{Arc, Mutex};

use tokio::net::TcpStream;
#[cfg(feature = "tls")]
use tokio_rustls::TlsAcceptor;

use super::connection::serve;
use crate::service::Service;

/// How connections are carried.
#[derive(Clone)]
pub(super) enum Transport {
    Plain,
    #[cfg(feature = "tls")]
    Tls(TlsAcceptor),
}

impl Transport {
    pub(super) async fn serve(self, stream: TcpStream, service: Arc<Mutex<Service>>) {
        match self {
            Self::Plain => serve(stream, service).await,
            #[cfg(feature = "tls")]
            Self::Tls(acceptor) => {
                // The server has nothing to do when a handshake fails.
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, service).await;
                }
            }
        }
    }
}

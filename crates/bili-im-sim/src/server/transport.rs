//! What carries the bytes of a connection.

use std::sync::{Arc, Mutex};

use tokio::net::TcpStream;
#[cfg(feature = "tls")]
use tokio_rustls::TlsAcceptor;

use super::connection::serve;
use crate::service::Service;

/// What carries the bytes of a connection.
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
                // A handshake that fails is the client's affair.
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, service).await;
                }
            }
        }
    }
}

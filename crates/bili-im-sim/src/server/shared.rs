//! The service that all connections of a server share.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::service::Service;

/// A service that wakes push connections when it has something for them.
#[derive(Debug)]
pub(super) struct Shared {
    service: Mutex<Service>,
    pushes: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(service: Service) -> Self {
        Self {
            pushes: watch::Sender::new(service.pushes()),
            service: Mutex::new(service),
        }
    }

    /// Reads or changes the service.
    pub(super) fn with<T>(&self, access: impl FnOnce(&mut Service) -> T) -> T {
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        let result = access(&mut service);
        let pushes = service.pushes();
        drop(service);
        self.pushes.send_if_modified(|sent| {
            let is_new = *sent < pushes;
            *sent = pushes.max(*sent);
            is_new
        });
        result
    }

    /// Changes whenever a user is told something over a push connection.
    pub(super) fn pushes(&self) -> watch::Receiver<u64> {
        self.pushes.subscribe()
    }
}

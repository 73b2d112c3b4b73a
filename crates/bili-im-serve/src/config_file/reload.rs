//! Reads the configuration anew when it changes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use tokio::{select, time::sleep};

use super::outlets::Outlets;
use crate::core::Core;

/// Reads the configuration with `read` when its file has changed since this call, and at SIGHUP.
/// When it has a fault, that is logged, and the outlets stay as they are. Never ends.
pub fn reload(
    core: Core,
    path: PathBuf,
    read: impl Fn() -> Result<Outlets, String> + Send + Sync + 'static,
) -> impl Future<Output = ()> + Send {
    let mut known = look(&path);
    let mut seen = known;
    let (path, read) = (Arc::new(path), Arc::new(read));
    async move {
        let pause = core.shared().limits.outlets.look;
        let mut hangup = Hangup::new();
        loop {
            let is_asked_for = select! {
                () = hangup.next() => true,
                () = sleep(pause) => false,
            };
            let found = version(&path).await;
            // Twice the same: nobody is writing it any more.
            let has_settled = std::mem::replace(&mut seen, found) == found;
            if !is_asked_for && (found == known || !has_settled) {
                continue;
            }
            known = found;
            let read = Arc::clone(&read);
            match tokio::task::spawn_blocking(move || read()).await {
                Ok(Ok(outlets)) => {
                    core.set_outlets(outlets);
                    tracing::info!("the configuration was read anew");
                }
                Ok(Err(fault)) => {
                    tracing::warn!(fault, "the configuration has a fault; the old one stays");
                }
                Err(_) => tracing::warn!("the configuration cannot be read; the old one stays"),
            }
        }
    }
}

/// What changes with the file.
async fn version(path: &Arc<PathBuf>) -> Option<(SystemTime, u64)> {
    let path = Arc::clone(path);
    let looked = tokio::task::spawn_blocking(move || look(&path));
    looked.await.ok().flatten()
}

fn look(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = path.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// SIGHUP, where there is one.
struct Hangup(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangup {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        Self(signal(SignalKind::hangup()).ok())
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self()
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

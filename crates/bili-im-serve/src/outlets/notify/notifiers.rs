//! Notifies by name.

use std::time::Duration;

use super::note::Note;
use crate::{core::Core, outlets::waits::Waits};

/// The outlets that notify, by name.
#[derive(Debug)]
pub(crate) struct Notifiers(Core);

/// Why nobody was notified.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotifyError {
    /// There is none of this name.
    #[error("no [[notify]] has this name")]
    Unknown,
    /// The service did not take it.
    #[error("the notification was not taken: {0}")]
    Refused(String),
}

impl Notifiers {
    pub(crate) fn new(core: &Core) -> Self {
        Self(core.clone())
    }

    /// Whether there is one of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.outlets().notifier(name).is_some()
    }

    /// Sends a note, and tries again for so long.
    pub(crate) async fn deliver(
        &self,
        name: &str,
        note: &Note,
        most: Duration,
    ) -> Result<(), NotifyError> {
        let (outlets, shared) = (self.0.outlets(), self.0.shared());
        let notifier = outlets.notifier(name).ok_or(NotifyError::Unknown)?;
        let waits = Waits::new(&shared.limits.outlets, most);
        let sent = notifier.deliver(shared, outlets.poster(), note, waits);
        let sent = sent.await;
        sent.map_err(|refusal| NotifyError::Refused(refusal.why))
    }

    /// Sends a note, once.
    pub(crate) async fn send(&self, name: &str, note: Note) -> Result<(), NotifyError> {
        let outlets = self.0.outlets();
        let notifier = outlets.notifier(name).ok_or(NotifyError::Unknown)?;
        let sent = notifier.send(self.0.shared(), outlets.poster(), &note);
        let sent = sent.await;
        sent.map_err(|refusal| NotifyError::Refused(refusal.why))
    }
}

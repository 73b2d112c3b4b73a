//! Which sessions the service's lists can show.

use std::collections::BTreeMap;

use bili_im_proto::Talker;

/// Until when each session is or was hidden, in microseconds since the run began. Messages that
/// arrived by then may never appear in a list. A session without an entry was never hidden.
#[derive(Debug, Default)]
pub(super) struct Visibility(BTreeMap<Talker, u64>);

impl Visibility {
    /// Hides a session: it is intercepted, or a group that the account has left.
    pub(super) fn hide(&mut self, talker: Talker) {
        self.0.insert(talker, u64::MAX);
    }

    /// Shows a hidden session again.
    pub(super) fn show(&mut self, talker: Talker, now: u64) {
        (self.0.entry(talker)).and_modify(|until| *until = now.min(*until));
    }

    /// Records that the account removed a session. Its next message shows it again.
    pub(super) fn remove(&mut self, talker: Talker, now: u64) {
        let until = self.0.entry(talker).or_default();
        *until = now.max(*until);
    }

    /// Whether a session was ever hidden.
    pub(super) fn was_hidden(&self, talker: Talker) -> bool {
        self.0.contains_key(&talker)
    }

    /// Whether the lists must show a message that arrived in a session at this time.
    pub(super) fn shows(&self, talker: Talker, arrived: u64) -> bool {
        self.0.get(&talker).is_none_or(|until| arrived > *until)
    }
}

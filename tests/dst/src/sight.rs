//! Which sessions a watch can see.

use std::collections::BTreeMap;

use bili_im_proto::Talker;

/// Until when each session is, or was, out of sight, in microseconds since the run began: what came in it by
/// then may never be listed. Absent: it always was in sight.
#[derive(Debug, Default)]
pub(super) struct Sight(BTreeMap<Talker, u64>);

impl Sight {
    /// A session is out of sight: intercepted, or a group that the account is no member of.
    pub(super) fn hide(&mut self, talker: Talker) {
        self.0.insert(talker, u64::MAX);
    }

    /// It is back.
    pub(super) fn show(&mut self, talker: Talker, now: u64) {
        (self.0.entry(talker)).and_modify(|until| *until = now.min(*until));
    }

    /// It is removed, and comes back by itself with what is newer.
    pub(super) fn remove(&mut self, talker: Talker, now: u64) {
        let until = self.0.entry(talker).or_default();
        *until = now.max(*until);
    }

    /// Whether a session ever was out of sight.
    pub(super) fn was_lost(&self, talker: Talker) -> bool {
        self.0.contains_key(&talker)
    }

    /// Whether the lists show what came in a session at a time, sooner or later.
    pub(super) fn shows(&self, talker: Talker, came: u64) -> bool {
        self.0.get(&talker).is_none_or(|until| came > *until)
    }
}

//! The state that the calls of an account share.

use crate::{
    account::{keys::CachedKeys, pacing::Pacer, people::People, sends::Sends},
    ids::Uid,
    time::{Monotonic, Now, UnixMicros},
};

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) uid: Option<Uid>,
    pub(super) keys: Option<CachedKeys>,
    /// Set while a flow fetches the keys. Past this moment the fetch counts as abandoned.
    pub(super) key_lease: Option<Monotonic>,
    pub(super) clock_offset: i64,
    pub(super) pacer: Pacer,
    pub(super) sends: Sends,
    pub(super) people: People,
    pub(super) chance: Chance,
    pub(super) revision: u64,
    /// The monotonic time at the last reservation.
    pub(super) seen: Monotonic,
}

impl State {
    pub(super) fn service_time(&self, now: Now) -> UnixMicros {
        UnixMicros(now.unix.0.saturating_add_signed(self.clock_offset))
    }
}

/// A pseudorandom number generator (SplitMix64), seeded by the caller.
#[derive(Debug, Clone, Default)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but not including, 1.
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

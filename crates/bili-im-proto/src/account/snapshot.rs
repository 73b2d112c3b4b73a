//! An account's state as a program stores it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    account::{flights::UsedTicket, handle::State, keys::CachedKeys, pacing::Pacer},
    answer::LONGEST_RETRY,
    ids::{DeviceId, MsgKey, Uid},
    time::{Monotonic, Now, UnixMicros},
    wbi::SigningKeys,
};

/// How far ahead calls may have taken their places.
const LONGEST_QUEUE: Duration = Duration::from_secs(10 * 60);

/// How long a stop may have lasted.
const LONGEST_STOP: Duration = Duration::from_secs(2 * 60 * 60);

/// Changes when what is stored changes its meaning.
const VERSION: u32 = 1;

/// What an account carries from process to process: device id, signing keys, the service's clock,
/// pacing, back-off, the messages that sends were credited with and the tickets that were used. The
/// login is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    #[serde(default)]
    uid: Option<Uid>,
    device_id: DeviceId,
    #[serde(default)]
    keys: Option<StoredKeys>,
    /// How far the service's clock is ahead, in microseconds.
    #[serde(default)]
    clock_offset: i64,
    #[serde(default)]
    next_write: UnixMicros,
    #[serde(default)]
    next_read: UnixMicros,
    #[serde(default)]
    next_poll: UnixMicros,
    #[serde(default)]
    hold: UnixMicros,
    #[serde(default)]
    write_hold: UnixMicros,
    #[serde(default)]
    read_strikes: u32,
    #[serde(default)]
    write_strikes: u32,
    #[serde(default)]
    stop: UnixMicros,
    #[serde(default)]
    credited: Vec<MsgKey>,
    #[serde(default)]
    used_tickets: Vec<UsedTicket>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredKeys {
    mixin_key: SigningKeys,
    fetched: UnixMicros,
}

/// Why a snapshot cannot be gone on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSnapshot {
    /// It was written by another version of this crate.
    #[error("the stored state is of version {0}, which is not known here")]
    Version(u32),
    /// It belongs to another account.
    #[error("the stored state belongs to uid {0}")]
    Foreign(Uid),
}

impl Snapshot {
    pub(super) fn of(state: &State, uid: Option<Uid>, device_id: &DeviceId, now: Now) -> Self {
        let pacer = &state.pacer;
        Self {
            version: VERSION,
            uid: state.uid.or(uid),
            device_id: device_id.clone(),
            keys: state.keys.as_ref().map(|cached| StoredKeys {
                mixin_key: cached.keys.clone(),
                fetched: cached.fetched,
            }),
            clock_offset: state.clock_offset,
            next_write: still_ahead(pacer.next_write, now),
            next_read: still_ahead(pacer.next_read, now),
            next_poll: still_ahead(pacer.next_poll, now),
            hold: still_ahead(pacer.hold, now),
            write_hold: still_ahead(pacer.write_hold, now),
            read_strikes: pacer.read_strikes,
            write_strikes: pacer.write_strikes,
            stop: still_ahead(pacer.stop, now),
            credited: state.flights.credited.iter().copied().collect(),
            used_tickets: state.flights.used_tickets.iter().copied().collect(),
        }
    }

    pub(super) fn restore(
        &self,
        uid: Option<Uid>,
        now: Now,
        state: &mut State,
    ) -> Result<DeviceId, InvalidSnapshot> {
        if self.version != VERSION {
            return Err(InvalidSnapshot::Version(self.version));
        }
        if let (Some(own), Some(stored)) = (uid, self.uid)
            && own != stored
        {
            return Err(InvalidSnapshot::Foreign(stored));
        }
        // A login that does not say whose it is must be asked: another may have taken its place.
        state.uid = uid.and(self.uid);
        state.keys = self.keys.as_ref().map(|stored| CachedKeys {
            keys: stored.mixin_key.clone(),
            fetched: stored.fetched,
        });
        state.clock_offset = self.clock_offset;
        state.pacer = Pacer {
            next_write: soon(self.next_write, LONGEST_QUEUE, now),
            next_read: soon(self.next_read, LONGEST_QUEUE, now),
            next_poll: soon(self.next_poll, LONGEST_QUEUE, now),
            hold: soon(self.hold, LONGEST_RETRY, now),
            write_hold: soon(self.write_hold, LONGEST_RETRY, now),
            read_strikes: self.read_strikes,
            write_strikes: self.write_strikes,
            stop: soon(self.stop, LONGEST_STOP, now),
        };
        for &key in &self.credited {
            state.flights.credit(key);
        }
        state.flights.used_tickets = self.used_tickets.iter().copied().collect();
        Ok(self.device_id.clone())
    }
}

/// A stored moment, but no further ahead than it can have been: the wall clock may have been set back.
fn soon(moment: UnixMicros, most: Duration, now: Now) -> Monotonic {
    now.mono_at(moment).min(now.mono.after(most))
}

/// A moment as other processes know it. One that is over is none: should the wall clock be set back,
/// it would lie ahead again.
fn still_ahead(moment: Monotonic, now: Now) -> UnixMicros {
    if moment > now.mono {
        now.unix_at(moment)
    } else {
        UnixMicros(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_still_ahead_is_stored() {
        let now = Now {
            unix: UnixMicros(1_000_000_000),
            mono: Monotonic(Duration::from_secs(9)),
        };
        let at = |seconds| Monotonic(Duration::from_secs(seconds));
        assert_eq!(still_ahead(at(0), now), UnixMicros(0));
        assert_eq!(still_ahead(at(9), now), UnixMicros(0));
        assert_eq!(still_ahead(at(10), now), UnixMicros(1_001_000_000));
    }
}

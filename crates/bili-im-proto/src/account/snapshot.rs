//! An account's state as a program stores it.

use serde::{Deserialize, Serialize};

use crate::{
    account::{handle::State, keys::CachedKeys, pacing::Pacer},
    ids::{DeviceId, MsgKey, Uid},
    time::{Now, UnixMicros},
    wbi::SigningKeys,
};

/// Changes when what is stored changes its meaning.
const VERSION: u32 = 1;

/// What an account carries from process to process: device id, signing keys, the service's clock,
/// pacing, back-off and the messages that sends were credited with. The login is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    uid: Option<Uid>,
    device_id: DeviceId,
    keys: Option<StoredKeys>,
    /// How far the service's clock is ahead, in microseconds.
    clock_offset: i64,
    next_write: UnixMicros,
    next_read: UnixMicros,
    hold: UnixMicros,
    write_hold: UnixMicros,
    strikes: u32,
    write_strikes: u32,
    stop: UnixMicros,
    credited: Vec<MsgKey>,
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
            next_write: now.unix_at(pacer.next_write),
            next_read: now.unix_at(pacer.next_read),
            hold: now.unix_at(pacer.hold),
            write_hold: now.unix_at(pacer.write_hold),
            strikes: pacer.strikes,
            write_strikes: pacer.write_strikes,
            stop: now.unix_at(pacer.stop),
            credited: state.flights.credited.iter().copied().collect(),
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
            next_write: now.mono_at(self.next_write),
            next_read: now.mono_at(self.next_read),
            hold: now.mono_at(self.hold),
            write_hold: now.mono_at(self.write_hold),
            strikes: self.strikes,
            write_strikes: self.write_strikes,
            stop: now.mono_at(self.stop),
        };
        for &key in &self.credited {
            state.flights.credit(key);
        }
        Ok(self.device_id.clone())
    }
}

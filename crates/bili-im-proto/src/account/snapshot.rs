//! The state of an account as programs store it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    account::{keys::CachedKeys, pacing::Pacer, sends::UsedTicket, state::State},
    answer::LONGEST_RETRY,
    ids::{DeviceId, MsgKey, Uid},
    time::{Monotonic, Now, UnixMicros},
    wbi::SigningKeys,
};

/// Stored start times further ahead than this are cut: calls never queue for longer.
const LONGEST_QUEUE: Duration = Duration::from_secs(10 * 60);

/// The same for polls. A program that crashes again and again reserves polls that it never makes.
const LONGEST_POLL_QUEUE: Duration = Duration::from_secs(60);

/// Stored stops longer than this are cut.
const LONGEST_STOP: Duration = Duration::from_secs(2 * 60 * 60);

/// The version of the stored form. It changes when a field changes its meaning.
const VERSION: u32 = 1;

/// The state that processes of one account share: device id, signing keys, the offset to the
/// service's clock, pacing, back-off, the messages attributed to sends, and the tickets used. It
/// does not contain the login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    #[serde(default)]
    uid: Option<Uid>,
    device_id: DeviceId,
    /// When it was stored, by our own wall clock.
    #[serde(default)]
    stored: UnixMicros,
    #[serde(default)]
    keys: Option<StoredKeys>,
    /// How far the service's clock is ahead of ours, in microseconds.
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
    stop_changes: u64,
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

/// Why a snapshot cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSnapshot {
    /// It was written by another version of this crate.
    #[error("the stored state has the unknown version {0}")]
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
            stored: now.unix,
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
            stop_changes: pacer.stop_changes,
            credited: state.sends.credited.iter().copied().collect(),
            used_tickets: state.sends.used_tickets.iter().copied().collect(),
        }
    }

    pub(super) fn restore(
        &self,
        uid: Option<Uid>,
        now: Now,
        state: &mut State,
    ) -> Result<DeviceId, InvalidSnapshot> {
        self.check(uid)?;
        // Without a uid in the cookie the service must be asked again: the stored uid may be that
        // of an earlier login.
        state.uid = uid.and(self.uid);
        state.keys = self.keys();
        state.clock_offset = self.clock_offset;
        state.pacer = self.pacer(now);
        (state.sends).absorb(&self.credited, &self.used_tickets);
        self.note_clock_set_back(now, state);
        Ok(self.device_id.clone())
    }

    pub(super) fn absorb(
        &self,
        uid: Option<Uid>,
        now: Now,
        state: &mut State,
    ) -> Result<(), InvalidSnapshot> {
        self.check(uid)?;
        if let Some(keys) = self.keys()
            && keys.are_newer_than(state.keys.as_ref(), now.unix)
        {
            state.keys = Some(keys);
        }
        // Either may be outdated. The next answer corrects it.
        state.clock_offset = self.clock_offset;
        state.pacer.absorb(&self.pacer(now));
        (state.sends).absorb(&self.credited, &self.used_tickets);
        self.note_clock_set_back(now, state);
        Ok(())
    }

    /// Marks the state as changed if the snapshot's time lies in the future: its waits now count
    /// from the present. Unless it is stored again, the next process would start the same waits
    /// anew.
    fn note_clock_set_back(&self, now: Now, state: &mut State) {
        if self.stored > now.unix {
            state.revision += 1;
        }
    }

    fn check(&self, uid: Option<Uid>) -> Result<(), InvalidSnapshot> {
        if self.version != VERSION {
            return Err(InvalidSnapshot::Version(self.version));
        }
        match (uid, self.uid) {
            (Some(own), Some(stored)) if own != stored => Err(InvalidSnapshot::Foreign(stored)),
            _ => Ok(()),
        }
    }

    fn keys(&self) -> Option<CachedKeys> {
        self.keys.as_ref().map(|stored| CachedKeys {
            keys: stored.mixin_key.clone(),
            fetched: stored.fetched,
        })
    }

    fn pacer(&self, now: Now) -> Pacer {
        // A wall clock that was set back must not make a wait longer.
        let now = Now {
            unix: now.unix.max(self.stored),
            ..now
        };
        Pacer {
            next_write: restored_moment(self.next_write, LONGEST_QUEUE, now),
            next_read: restored_moment(self.next_read, LONGEST_QUEUE, now),
            next_poll: restored_moment(self.next_poll, LONGEST_POLL_QUEUE, now),
            hold: restored_moment(self.hold, LONGEST_RETRY, now),
            write_hold: restored_moment(self.write_hold, LONGEST_RETRY, now),
            read_strikes: self.read_strikes,
            write_strikes: self.write_strikes,
            stop: restored_moment(self.stop, LONGEST_STOP, now),
            stop_changes: self.stop_changes,
        }
    }
}

/// Converts a stored moment to monotonic time, at most `most` ahead: the wall clock may have been
/// set back.
fn restored_moment(moment: UnixMicros, most: Duration, now: Now) -> Monotonic {
    now.mono_at(moment).min(now.mono.after(most))
}

/// Converts a moment to wall-clock time, for other processes. A moment in the past becomes 0: if
/// the wall clock were set back, it would lie in the future again.
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
    use crate::{
        account::{
            Account, Lane, Pacing,
            pacing::{Held, Pacer},
            sends::Sends,
        },
        credential::Credential,
        ticket::Likeness,
    };

    const PACING: fn() -> Pacing = Pacing::default;

    fn at(seconds: u64) -> Now {
        Now {
            unix: UnixMicros((1_000_000 + seconds) * 1_000_000),
            mono: Monotonic(Duration::from_secs(seconds)),
        }
    }

    fn process() -> Account {
        let credential = Credential::new("x", "y", Uid(1)).unwrap();
        Account::builder(credential, [7; 24]).build()
    }

    /// Another process, restored from a snapshot of this one.
    fn fork(account: &Account, now: Now) -> Account {
        fork_at(account, now, now)
    }

    /// The same, with another time for the snapshot.
    fn fork_at(account: &Account, stored: Now, now: Now) -> Account {
        let credential = Credential::new("x", "y", Uid(1)).unwrap();
        let builder = Account::builder(credential, [8; 24]);
        let restored = builder.restore(&account.snapshot(stored), now);
        restored.unwrap().build()
    }

    fn pacer<T>(account: &Account, act: impl FnOnce(&mut Pacer) -> T) -> T {
        act(&mut account.state().pacer)
    }

    fn reserve(account: &Account, now: Now, lane: Lane) -> Result<Monotonic, Held> {
        pacer(account, |pacer| pacer.reserve(&PACING(), now.mono, lane))
    }

    #[test]
    fn absorbing_the_own_snapshot_changes_nothing() {
        let account = process();
        reserve(&account, at(5), Lane::Write).unwrap();
        pacer(&account, |pacer| {
            pacer.back_off(&PACING(), at(5).mono, Lane::Read, None, false, 0.5);
            pacer.stop(&PACING(), at(5).mono);
        });
        account.state().sends.credit(MsgKey(3));
        account.state().sends.use_ticket(4, UnixMicros(7));
        let stored = account.snapshot(at(6));
        account.absorb(&stored, at(6)).unwrap();
        assert_eq!(account.snapshot(at(6)), stored);
    }

    #[test]
    fn the_later_hold_counts_whichever_process_has_it() {
        let one = process();
        let other = fork(&one, at(5));
        let held = |account| reserve(account, at(5), Lane::Write).unwrap_err();
        pacer(&other, |pacer| {
            pacer.back_off(&PACING(), at(5).mono, Lane::Write, None, false, 0.0);
        });
        one.absorb(&other.snapshot(at(5)), at(5)).unwrap();
        assert_eq!(held(&one), Held::TooFast(Duration::from_secs(30)));
        // Absorbing an older state does not end it.
        one.absorb(&process().snapshot(at(5)), at(5)).unwrap();
        assert_eq!(held(&one), Held::TooFast(Duration::from_secs(30)));
    }

    #[test]
    fn a_stop_and_its_lifting_reach_the_other_process() {
        let one = process();
        let other = fork(&one, at(5));
        let before = one.snapshot(at(5));
        pacer(&one, |pacer| pacer.stop(&PACING(), at(5).mono));
        let stopped = one.snapshot(at(5));
        other.absorb(&stopped, at(5)).unwrap();
        assert!(reserve(&other, at(6), Lane::Read).is_err());
        other.lift_stop();
        assert!(reserve(&other, at(6), Lane::Read).is_ok());
        let lifted = other.snapshot(at(6));
        // A snapshot from before the stop does not lift it.
        one.absorb(&before, at(6)).unwrap();
        assert!(reserve(&one, at(6), Lane::Read).is_err());
        one.absorb(&lifted, at(6)).unwrap();
        assert!(reserve(&one, at(6), Lane::Read).is_ok());
        // The older stop does not come back.
        one.absorb(&stopped, at(6)).unwrap();
        assert!(reserve(&one, at(6), Lane::Read).is_ok());
        // A new stop does.
        pacer(&other, |pacer| pacer.stop(&PACING(), at(7).mono));
        one.absorb(&other.snapshot(at(7)), at(7)).unwrap();
        assert!(reserve(&one, at(7), Lane::Read).is_err());
    }

    #[test]
    fn the_newer_keys_are_kept_unless_their_time_is_in_the_future() {
        let keys = |digit: char| SigningKeys::try_from(digit.to_string().repeat(32)).unwrap();
        let one = process();
        let other = fork(&one, at(5));
        let own = || one.state().keys.clone().unwrap().keys;
        other.learn_keys(keys('a'), at(10));
        one.absorb(&other.snapshot(at(11)), at(11)).unwrap();
        assert_eq!(own(), keys('a'));
        one.learn_keys(keys('b'), at(12));
        one.absorb(&other.snapshot(at(13)), at(13)).unwrap();
        assert_eq!(own(), keys('b'));
        other.learn_keys(keys('c'), at(100));
        one.absorb(&other.snapshot(at(13)), at(13)).unwrap();
        assert_eq!(own(), keys('b'), "the clock was set back since");
        one.learn_keys(keys('d'), at(200));
        other.learn_keys(keys('e'), at(14));
        one.absorb(&other.snapshot(at(15)), at(15)).unwrap();
        assert_eq!(own(), keys('e'), "here it was set back as well");
    }

    #[test]
    fn the_messages_and_tickets_of_both_processes_are_remembered() {
        let one = process();
        one.state().sends.credit(MsgKey(1));
        one.state().sends.use_ticket(10, UnixMicros(7));
        let other = fork(&one, at(5));
        let talker = crate::ids::Talker::user(2);
        (other.state().sends).settle(talker, 10, Some(MsgKey(2)));
        other.state().sends.use_ticket(20, UnixMicros(7));
        one.state().sends.credit(MsgKey(3));
        one.state().sends.use_ticket(30, UnixMicros(7));
        one.absorb(&other.snapshot(at(6)), at(6)).unwrap();
        let sends = one.state().sends.clone();
        assert_eq!(sends.credited, [1, 2, 3].map(MsgKey));
        let key = |sends: &Sends| sends.used(10).and_then(|used| used.key);
        assert_eq!(key(&sends), Some(MsgKey(2)));
        for nonce in [10, 20, 30] {
            assert!(one.state().sends.used(nonce).is_some(), "{nonce}");
        }
        // A known message of a ticket is not forgotten.
        one.absorb(&process().snapshot(at(6)), at(6)).unwrap();
        assert_eq!(key(&one.state().sends), Some(MsgKey(2)));
    }

    #[test]
    fn of_too_many_messages_the_newest_are_remembered() {
        let mut sends = Sends::default();
        let all: Vec<MsgKey> = (1..=600).map(MsgKey).collect();
        for &key in &all[..512] {
            sends.credit(key);
        }
        let newest = |sends: &Sends| sends.credited.iter().copied().collect::<Vec<_>>();
        // The other process is ahead.
        sends.absorb(&all[88..], &[]);
        assert_eq!(newest(&sends), all[88..]);
        // The other process is behind.
        sends.absorb(&all[..512], &[]);
        assert_eq!(newest(&sends), all[88..]);
    }

    #[test]
    fn absorbing_does_not_end_a_send_in_progress() {
        let account = process();
        let likeness = Likeness::Text("hi".to_owned());
        let talker = crate::ids::Talker::user(2);
        let register = |nonce| {
            let now = at(5).mono;
            account
                .state()
                .sends
                .register(nonce, talker, &likeness, now)
        };
        assert!(register(1));
        account.absorb(&process().snapshot(at(5)), at(5)).unwrap();
        assert!(!register(2));
    }

    /// The same moment on a wall clock that was set back by an hour.
    fn an_hour_earlier(now: Now) -> Now {
        Now {
            unix: UnixMicros(now.unix.0 - 3_600_000_000),
            ..now
        }
    }

    #[test]
    fn a_wall_clock_that_was_set_back_makes_no_wait_longer() {
        let account = process();
        pacer(&account, |pacer| pacer.hold = at(30).mono);
        let snapshot = account.snapshot(at(0));
        let own = process();
        assert_eq!(own.revision(), 0);
        own.absorb(&snapshot, an_hour_earlier(at(0))).unwrap();
        assert_eq!(own.revision(), 1, "it must be stored anew");
        // A process that restores that later waits only for the rest.
        let later = an_hour_earlier(at(20));
        let next = fork_at(&own, an_hour_earlier(at(0)), later);
        assert_eq!(
            reserve(&next, later, Lane::Read),
            Err(Held::TooFast(Duration::from_secs(10)))
        );
        assert_eq!(next.revision(), 0, "it need not be stored again");
        let earlier = an_hour_earlier(at(0));
        let restored = fork_at(&account, at(0), earlier);
        assert_eq!(
            reserve(&restored, earlier, Lane::Read),
            Err(Held::TooFast(Duration::from_secs(30)))
        );
        assert_eq!(restored.revision(), 1, "it must be stored anew");
    }
}

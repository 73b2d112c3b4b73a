//! Snapshots: what an account stores, and how it goes on in another process.

use std::time::Duration;

use bili_im_proto::{Account, Input, InvalidSnapshot, Monotonic, Now, RefusalKind, Snapshot, Uid};
use bili_im_tests::{Timeline, answers, local_account, sim_login};

use crate::{
    by_hand::{
        DAY, HOUR, START, fetch, is_signed_on, paced, send, unpaced, unread, well, well_at_start,
        with_keys_of_age,
    },
    simulated::{FRIEND, OWN, login, warm_stage},
};

#[test]
fn another_accounts_snapshot_is_refused() {
    let (stage, account) = warm_stage();
    let snapshot = account.snapshot(stage.time.now);
    let other = sim_login(FRIEND.0);
    let refused = local_account(other.clone(), 2).restore(&snapshot, stage.time.now);
    assert_eq!(refused.unwrap_err(), InvalidSnapshot::Foreign(Uid(OWN)));
    let other = local_account(other, 2).build();
    let before = other.snapshot(stage.time.now);
    let refused = other.absorb(&snapshot, stage.time.now);
    assert_eq!(refused, Err(InvalidSnapshot::Foreign(Uid(OWN))));
    assert_eq!(other.snapshot(stage.time.now), before);
    let mut later = serde_json::to_value(&snapshot).unwrap();
    later["version"] = 99.into();
    let later: Snapshot = serde_json::from_value(later).unwrap();
    let refused = local_account(login(), 2).restore(&later, stage.time.now);
    assert_eq!(refused.unwrap_err(), InvalidSnapshot::Version(99));
}

/// The time in another process, whose monotonic clock begins anew.
fn elsewhere(time: &Timeline) -> Timeline {
    let mut other = Timeline::new(START);
    other.now = Now {
        unix: time.now.unix,
        mono: Monotonic(Duration::from_millis(3)),
    };
    other
}

fn stored(account: &Account, now: Now) -> Snapshot {
    let json = serde_json::to_string(&account.snapshot(now)).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn a_restored_account_goes_on_with_its_device_keys_clock_and_pace() {
    let account = paced();
    let mut time = Timeline::new(START + 5000);
    send(&account, &mut time, well_at_start).unwrap();
    let first = time.calls("send_msg")[0].clone();
    let snapshot = stored(&account, time.now);
    assert_eq!(snapshot, account.snapshot(time.now));

    let mut other = elsewhere(&time);
    let credential = bili_im_tests::credential().unwrap();
    let builder = Account::builder(credential, [99; 24]);
    let restored = builder.restore(&snapshot, other.now).unwrap().build();
    assert_eq!(restored.device_id(), account.device_id());
    send(&restored, &mut other, well(2)).unwrap();
    assert_eq!(other.count("nav"), 0, "the keys are there");
    let second = other.calls("send_msg")[0];
    assert!(is_signed_on(second, 1));
    assert_eq!(second.field("msg[dev_id]"), first.field("msg[dev_id]"));
    assert!(
        second.wts().unwrap().abs_diff(START) < 60,
        "the clock is corrected"
    );
    let gap = second.at.unix.since(first.at.unix);
    assert!(
        gap >= Duration::from_secs(1),
        "two processes keep one pace: {gap:?}"
    );
}

#[test]
fn a_restored_account_is_still_held_back() {
    for (answer, held, least) in [
        (answers::refused(-799), RefusalKind::RateLimited, 30),
        (answers::answer(412, ""), RefusalKind::RiskControl, 3600),
    ] {
        let account = paced();
        let mut time = Timeline::new(START);
        unread(&account, &mut time, |_| Input::Response(answer.clone())).unwrap_err();
        time.advance(Duration::from_secs(10));
        let mut other = elsewhere(&time);
        let builder = bili_im_tests::account().unwrap();
        let snapshot = stored(&account, time.now);
        let restored = builder.restore(&snapshot, other.now).unwrap().build();
        for seconds in [0, least - 11] {
            other.advance(Duration::from_secs(seconds));
            let error = unread(&restored, &mut other, |seen| {
                panic!("{} is called", seen.endpoint())
            });
            assert_eq!(error.unwrap_err().kind(), Some(held));
        }
        other.advance(2 * HOUR);
        unread(&restored, &mut other, well(1)).unwrap();
    }
}

#[test]
fn keys_grow_old_while_they_are_stored() {
    let (account, time) = with_keys_of_age(HOUR);
    let snapshot = stored(&account, time.now);
    let mut other = elsewhere(&time);
    other.advance(DAY);
    let builder = bili_im_tests::account().unwrap();
    let restored = builder.restore(&snapshot, other.now).unwrap().build();
    fetch(&restored, &mut other, well(2)).unwrap();
    assert_eq!(other.seen[0].endpoint(), "nav");
}

#[test]
fn the_revision_grows_when_there_is_something_to_store() {
    let account = unpaced();
    let mut time = Timeline::new(START);
    let before = account.revision();
    fetch(&account, &mut time, well(1)).unwrap();
    assert!(account.revision() > before);
    let before = account.revision();
    let _ = unread(&account, &mut time, |_| {
        Input::Response(answers::refused(-799))
    });
    assert!(account.revision() > before);
}

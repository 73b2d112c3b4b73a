//! Files that are no archive of this account, and archives that are in use.

use std::fs;

use bili_im_archive::{Archive, ArchiveError};
use bili_im_proto::{SyncOptions, SyncStep, SyncStore, Uid};
use bili_im_tests::Stage;

use crate::stage::{Place, stored, sync, there, world};

#[test]
fn what_is_no_archive_is_refused_and_left_as_it_is() {
    let foreign = Place::new();
    rusqlite::Connection::open(foreign.path())
        .and_then(|other| other.execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1;"))
        .unwrap();
    let foreign = fs::read(foreign.path()).unwrap();
    for bytes in [&b"a text, and longer than the header of a database is: 100 bytes or more, to be sure of that!!!"[..], &foreign] {
        let place = Place::new();
        fs::write(place.path(), bytes).unwrap();
        let refused = Archive::create(place.path());
        assert!(matches!(refused, Err(ArchiveError::NotAnArchive(_))), "{refused:?}");
        assert_eq!(fs::read(place.path()).unwrap(), bytes);
    }
    let place = Place::new();
    let missing = Archive::open(place.path());
    assert!(matches!(missing, Err(ArchiveError::Missing(_))));
    assert!(!place.path().exists());
}

#[test]
fn a_newer_archive_is_refused() {
    let place = Place::new();
    drop(place.archive());
    let newer = rusqlite::Connection::open(place.path()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let refused = Archive::open(place.path()).map(drop);
    assert!(
        matches!(refused, Err(ArchiveError::Newer { found: 99, .. })),
        "{refused:?}"
    );
}

#[test]
fn another_accounts_archive_is_refused() {
    let place = Place::new();
    let mut archive = place.archive();
    archive.save(SyncStep::Owner(Uid(2))).unwrap();
    let refused = archive.save(SyncStep::Owner(Uid(1)));
    assert!(matches!(
        refused,
        Err(ArchiveError::Foreign {
            owner: Uid(2),
            login: Uid(1)
        })
    ));
}

#[test]
fn one_process_fills_it_while_others_read() {
    let mut stage = Stage::new(world()).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    sync(&mut stage, &mut archive, SyncOptions::default());
    let mut other = Archive::open(place.path()).unwrap();
    assert!(matches!(other.state(), Err(ArchiveError::Busy)));
    assert_eq!(stored(&other), there(&stage, false));
    drop(archive);
    other.state().unwrap();
}

#[test]
fn a_damaged_archive_is_an_error_and_never_a_panic() {
    let mut stage = Stage::new(world()).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    sync(&mut stage, &mut archive, SyncOptions::default());
    drop(archive);
    let whole = fs::read(place.path()).unwrap();
    let mut found = 0;
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut damaged = whole.clone();
        let end = (at + 600).min(damaged.len());
        damaged[at..end].fill(0xa5);
        let place = Place::new();
        fs::write(place.path(), &damaged).unwrap();
        // It may say that it is damaged at once, later, or not at all.
        let Ok(mut archive) = Archive::open(place.path()) else {
            continue;
        };
        let _state = archive.state();
        let _sessions = archive.sessions();
        found += usize::from(archive.check().is_err());
    }
    assert!(found > 0);
}

#[test]
fn where_nothing_can_be_written_it_says_so() {
    let place = Place::new();
    let nowhere = place.path().join("under-a-file");
    fs::write(place.path(), b"").unwrap();
    let refused = Archive::create(nowhere).map(drop);
    assert!(
        matches!(refused, Err(ArchiveError::File { .. })),
        "{refused:?}"
    );
}

//! All messages, each once, whatever breaks and whenever it is killed.

use bili_im_proto::SyncOptions;
use bili_im_sim::{
    Message, Talker, Whim,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{Stage, cases};
use proptest::prelude::*;

use crate::stage::{OWN, Place, stored, sync, sync_until, there, world};

#[test]
fn the_first_sync_reads_everything_and_the_next_only_what_is_new() {
    let mut stage = Stage::new(world()).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    let report = sync(&mut stage, &mut archive, SyncOptions::default());
    assert_eq!(stored(&archive), there(&stage, false));
    assert_eq!((report.sessions, report.messages), (5, 735));
    archive.check().unwrap();
    // Pages of 200: three for 451 messages, two for 250, one for each of the others. An account
    // may be told that there is more where there is not.
    let read = stage.time.count("fetch_session_msgs");
    assert!((8..=13).contains(&read), "{read}");

    let asked = stage.time.seen.len();
    let report = sync(&mut stage, &mut archive, SyncOptions::default());
    assert_eq!((report.sessions, report.messages), (0, 0));
    assert_eq!(stage.time.count("fetch_session_msgs"), read);
    // The profile, and one page of each list.
    assert!(stage.time.seen.len() - asked <= 6);

    let now = stage.sim_now();
    let news = Message::text(4, Talker::user(OWN), "news");
    stage.service.write(news, now).unwrap();
    let report = sync(&mut stage, &mut archive, SyncOptions::default());
    assert_eq!((report.sessions, report.messages), (1, 1));
    assert_eq!(stored(&archive), there(&stage, false));
    let people = archive.people().unwrap();
    assert_eq!(people.len(), 5);
}

#[test]
fn no_page_that_is_stored_is_read_again() {
    let pages = |kills: &[usize]| {
        let mut world = world();
        world.options.more_at_floor = Whim::Never;
        let mut stage = Stage::new(world).unwrap();
        let place = Place::new();
        for &steps in kills {
            let mut archive = place.archive();
            // The last ones may come to the end.
            let _killed = sync_until(&mut stage, &mut archive, SyncOptions::default(), steps);
        }
        let mut archive = place.archive();
        sync(&mut stage, &mut archive, SyncOptions::default());
        assert_eq!(stored(&archive), there(&stage, false));
        stage.time.count("fetch_session_msgs")
    };
    let undisturbed = pages(&[]);
    // The owner, four lists and names come before the first page.
    for kills in [&[6][..], &[7, 7, 8], &[9, 10, 11, 12]] {
        assert!(pages(kills) <= undisturbed + kills.len(), "{kills:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(24), ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_the_archive_has_what_the_service_has(
        seed in any::<u64>(),
        kills in prop::collection::vec(0..25usize, 0..20),
        trouble in 0.0..0.2f64,
    ) {
        let mut world = world();
        world.options.seed = seed;
        world.options.short_pages = Whim::ByChance;
        world.options.late_lists = 30;
        world.options.lagging_messages = 30;
        for kind in [Kind::BreakOff, Kind::Html, Kind::Empty] {
            world.faults.push(Rule::new("any", When::Chance(trouble / 3.0), kind));
        }
        let mut stage = Stage::new(world).unwrap();
        let place = Place::new();
        for (nth, steps) in kills.into_iter().enumerate() {
            let from = 2 + nth as u64 % 4;
            let message = Message::text(from, Talker::user(OWN), &format!("meanwhile {nth}"));
            let now = stage.sim_now();
            stage.service.write(message, now).unwrap();
            // Under trouble it may also give up by itself.
            let mut archive = place.archive();
            let _killed = sync_until(&mut stage, &mut archive, SyncOptions::default(), steps);
        }
        stage.service.clear_faults();
        stage.time.advance(std::time::Duration::from_secs(3600));
        let mut archive = place.archive();
        let report = sync(&mut stage, &mut archive, SyncOptions::default());
        prop_assert_eq!(report.failed, 0);
        prop_assert_eq!(stored(&archive), there(&stage, false));
        archive.check().unwrap();
    }
}

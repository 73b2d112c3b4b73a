//! Parts of an account, and sessions that cannot be read.

use std::time::Duration;

use bili_im_proto::{Error, Input, RefusalKind, SyncOptions, Talker, UnixSeconds};
use bili_im_sim::{
    Act, GroupId, Uid,
    faults::{Kind, Rule, When},
};
use bili_im_tests::Stage;

use crate::stage::{OWN, Place, stored, sync, sync_until, sync_with, there, world};

#[test]
fn only_the_wanted_session_is_read() {
    let mut stage = Stage::new(world()).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    let options = SyncOptions::only([Talker::user(3)]);
    let report = sync(&mut stage, &mut archive, options.clone());
    assert_eq!((report.sessions, report.messages), (1, 30));
    assert_eq!(stage.time.count("get_sessions"), 0);
    assert!(
        stored(&archive)
            .keys()
            .all(|(talker, _)| *talker == Talker::user(3))
    );
    assert_eq!(sync(&mut stage, &mut archive, options).messages, 0);
}

#[test]
fn it_goes_back_to_a_day_and_later_further() {
    let mut stage = Stage::new(world()).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    let now = stage.time.now.unix.seconds();
    // Messages are a thousand seconds apart, the last of the longest conversation 551,000 ago.
    let since = UnixSeconds(now.0 - 600_000);
    let recent = SyncOptions::default().with_since(since);
    sync(&mut stage, &mut archive, recent.clone());
    let some = stored(&archive).len();
    assert!((200..500).contains(&some), "{some}");
    let read = stage.time.count("fetch_session_msgs");
    sync(&mut stage, &mut archive, recent);
    assert_eq!(
        stage.time.count("fetch_session_msgs"),
        read,
        "the same day again"
    );
    sync(&mut stage, &mut archive, SyncOptions::default());
    assert_eq!(stored(&archive), there(&stage, false));
}

#[test]
fn a_session_that_is_refused_does_not_keep_it_from_the_others() {
    let mut stage = Stage::new(world()).unwrap();
    let now = stage.sim_now();
    let group = GroupId(70);
    let place = Place::new();
    let mut archive = place.archive();
    // The list is read, and then the account leaves the group.
    let seen = sync_until(&mut stage, &mut archive, SyncOptions::default(), 6);
    assert!(seen.is_none());
    let uid = Uid(OWN);
    stage.service.act(Act::Leave { uid, group }, now).unwrap();
    let report = sync(&mut stage, &mut archive, SyncOptions::default());
    assert_eq!(report.failed, 1);
    let users = there(&stage, false).into_iter();
    let users = users.filter(|((talker, _), _)| matches!(talker, Talker::User(_)));
    let stored = stored(&archive).into_iter();
    let stored = stored.filter(|((talker, _), _)| matches!(talker, Talker::User(_)));
    assert!(stored.eq(users));
}

#[test]
fn it_waits_out_a_rate_limit_and_stops_at_a_lost_login() {
    let mut stage = Stage::new(world()).unwrap();
    let limited = Kind::Code {
        code: -509,
        message: None,
    };
    let rule = Rule::new("fetch_session_msgs", When::First(3), limited);
    stage.service.add_fault(rule).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    let began = stage.time.now.mono;
    sync(&mut stage, &mut archive, SyncOptions::default());
    assert_eq!(stored(&archive), there(&stage, false));
    let passed = stage.time.now.mono.since(began);
    assert!(passed < Duration::from_secs(60), "{passed:?}");

    let lost = Kind::Code {
        code: -101,
        message: None,
    };
    let rule = Rule::new("get_sessions", When::Always, lost);
    stage.service.add_fault(rule).unwrap();
    let ended = sync_until(&mut stage, &mut archive, SyncOptions::default(), usize::MAX);
    let Some(Err(Error::Refused(refusal))) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(refusal.kind, RefusalKind::NotLoggedIn);
}

#[test]
fn a_session_that_is_asked_for_by_itself_is_read_anew() {
    let mut stage = Stage::new(world()).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    sync(&mut stage, &mut archive, SyncOptions::default());
    let now = stage.sim_now();
    let news = bili_im_sim::Message::text(3, bili_im_sim::Talker::user(OWN), "news");
    stage.service.write(news, now).unwrap();
    let options = SyncOptions::only([Talker::user(3)]);
    assert_eq!(sync(&mut stage, &mut archive, options).messages, 1);
}

#[test]
fn an_empty_page_is_no_end() {
    // The nth page is empty, once or for the whole of a synchronisation.
    for (first, count) in [(0, 1), (1, 1), (0, 100), (1, 100)] {
        let mut stage = Stage::new(world()).unwrap();
        let place = Place::new();
        let mut archive = place.archive();
        let empty = |_: &str| {
            let body = r#"{"code":0,"data":{"messages":null,"has_more":0,"min_seqno":0}}"#;
            Some(Input::Response(http::Response::new(body.into())))
        };
        let mut pages = 0;
        sync_with(&mut stage, &mut archive, |asks| {
            let is_page = asks == "fetch_session_msgs";
            pages += usize::from(is_page);
            let is_empty = is_page && (first + 1..=first + count).contains(&pages);
            is_empty.then(|| empty(asks)).flatten()
        });
        sync(&mut stage, &mut archive, SyncOptions::default());
        assert_eq!(stored(&archive), there(&stage, false), "{first} {count}");
    }
}

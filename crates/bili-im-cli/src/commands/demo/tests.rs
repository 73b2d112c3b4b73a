//! The steps, by what the simulated service saw.

use super::{
    adapter::AdapterName,
    scenes::{self, Scene},
    stage::{CREATOR, FRIEND, REFUSER, Stage},
};

/// Plays a scene over each adapter.
fn play(scene: Scene, check: impl Fn(&Stage)) {
    for adapter in [AdapterName::Ureq, AdapterName::Reqwest] {
        let stage = Stage::new(adapter).unwrap();
        let step = scene(&stage).unwrap();
        assert!(step.ok, "{step:?}");
        check(&stage);
    }
}

/// How many sends the service saw, and how many of them got no answer.
fn sends(stage: &Stage) -> (u64, u64) {
    let requests = stage.snapshot().requests;
    let (_, count) = (requests
        .iter()
        .find(|(path, _)| path.ends_with("/send_msg")))
    .unwrap();
    (count.requests, count.disturbed)
}

#[test]
fn a_lost_answer_leaves_one_message() {
    play(scenes::lost_answer, |stage| {
        assert_eq!(sends(stage), (1, 1));
        assert_eq!(stage.stored(CREATOR, FRIEND, "更新了").len(), 1);
    });
}

#[test]
fn an_unconfirmed_send_is_not_repeated() {
    play(scenes::unconfirmed, |stage| {
        assert_eq!(sends(stage), (2, 2), "one for each send");
        assert_eq!(stage.stored(CREATOR, FRIEND, "明天见").len(), 1);
    });
}

#[test]
fn two_watches_tell_what_the_service_has() {
    play(scenes::killed_watch, |stage| {
        let told = scenes::watch_twice(stage).unwrap();
        assert_eq!(told.each_ref().map(Vec::len), [2, 2]);
        assert!(stage.stored(FRIEND, CREATOR, "").ends_with(&told.concat()));
    });
}

#[test]
fn a_refused_answer_does_not_keep_the_next_one_back() {
    play(scenes::answers, |stage| {
        assert_eq!(sends(stage), (2, 0));
        assert_eq!(stage.stored(CREATOR, REFUSER, "").len(), 0);
        assert_eq!(stage.stored(CREATOR, FRIEND, "收到").len(), 1);
    });
}

//! `whoami` and `unread`.

use bili_im_sim::faults::Kind;
use serde_json::json;

use crate::support::Stage;

#[test]
fn whoami_says_whose_the_cookie_is() {
    let stage = Stage::demo();
    let out = stage.done("whoami");
    let endpoint = stage.endpoint();
    let lines = format!("uid 10001\nname 演示UP主\nlevel 6\nendpoint {endpoint}\n");
    assert_eq!(out, lines);
    let whoami = stage.json("whoami");
    assert_eq!(whoami["uid"], "10001");
    assert_eq!(whoami["name"], "演示UP主");
    assert_eq!(whoami["level"], 6);
    assert!(whoami["face"].as_str().unwrap().starts_with("https://"));
    assert!(whoami["expires"].is_null());
    assert_eq!(whoami["endpoint"], endpoint);
}

#[test]
fn unread_counts_those_followed_others_and_groups() {
    let stage = Stage::demo();
    assert_eq!(stage.done("unread"), "followed 2\nothers 0\ngroups 1\n");
    assert_eq!(
        stage.json("unread"),
        json!({
            "follow_unread": 2,
            "unfollow_unread": 0,
            "group_unread": 1,
            "dustbin_unread": 0,
            "biz_msg_follow_unread": 0,
            "biz_msg_unfollow_unread": 0,
            "custom_unread": 0,
        })
    );
}

#[test]
fn groups_that_cannot_be_counted_do_not_keep_the_rest_back() {
    let stage = Stage::demo().with_fault("my_group_unread", Kind::Html);
    let ran = stage.run("unread");
    assert_eq!(ran.code, 0);
    assert_eq!(ran.out, "followed 2\nothers 0\n");
    assert!(ran.err.starts_with("warning: groups are not counted: "));
    let ran = stage.run("unread --json");
    assert_eq!(ran.code, 0);
    assert!(ran.json()["group_unread"].is_null());
    let warning: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert!(warning["warning"]["message"].is_string());
}

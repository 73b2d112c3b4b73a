//! `demo`.

use crate::support::{bare, finish};

#[test]
fn the_main_job_is_shown_over_both_adapters() {
    let ran = finish(&mut bare("demo"));
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    for (words, times) in [
        ("over bili-im-ureq, blocking", 1),
        ("over bili-im-reqwest, async", 1),
        ("who am I: 10001 演示UP主", 2),
        ("unread: followed 2, others 0, groups 1", 2),
        (
            r#"10002 has 1 unread more and reads: "up主你好,⏎催更[doge]""#,
            2,
        ),
        ("10002 sees: an image", 2),
        ("10002 sees: a message that was recalled", 2),
        ("refused with code 21047", 2),
        ("WRONG", 0),
        ("all of it came out as it should", 1),
    ] {
        let found = ran.out.matches(words).count();
        assert_eq!(found, times, "{words}: {}", ran.out);
    }
}

#[test]
fn json_has_every_step_in_one_object() {
    let ran = finish(&mut bare("demo --json"));
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    let demo = ran.json();
    assert_eq!(demo["ok"], true);
    let steps = demo["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 14);
    for step in steps {
        assert_eq!(step["ok"], true);
        assert!(step["adapter"].is_string() && step["step"].is_string());
        assert!(step["saw"].is_array());
    }
}

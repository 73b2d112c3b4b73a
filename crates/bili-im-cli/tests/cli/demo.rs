//! `demo`. What the service saw is checked beside its code.

use unicode_width::UnicodeWidthStr;

use crate::support::{bare, finish};

#[test]
fn it_fits_half_a_screen_over_either_adapter() {
    for (args, adapter) in [
        ("demo", "bili-im-ureq, blocking"),
        ("demo --adapter reqwest", "bili-im-reqwest, async"),
    ] {
        let ran = finish(&mut bare(args));
        assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
        let lines: Vec<&str> = ran.out.lines().collect();
        assert!(lines[0].contains(adapter), "{ran:?}");
        assert_eq!(lines.len(), 14, "{ran:?}");
        assert!(lines.iter().all(|line| line.width() <= 80), "{ran:?}");
        assert_eq!(ran.out.matches("\nok    ").count(), 4, "{ran:?}");
        assert!(lines[13].starts_with("all of it came out as it should"));
    }
}

/// The text without the port and the keys, which differ from run to run.
fn without_numbers(text: &str) -> String {
    text.replace(|c: char| c.is_ascii_digit(), "")
}

#[test]
fn the_first_pages_show_its_output() {
    let out = without_numbers(&finish(&mut bare("demo")).out);
    for page in [
        include_str!("../../README.md"),
        include_str!("../../../../README.md"),
        include_str!("../../../../README.zh-CN.md"),
    ] {
        assert!(without_numbers(page).contains(&out), "{out}");
    }
}

#[test]
fn json_has_every_step_in_one_object() {
    let ran = finish(&mut bare("demo --json"));
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    let demo = ran.json();
    assert_eq!(
        (&demo["ok"], &demo["adapter"]),
        (&true.into(), &"ureq".into())
    );
    let steps = demo["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 4);
    for step in steps {
        assert_eq!(step["ok"], true);
        assert!(step["step"].is_string() && step["saw"].is_array());
    }
}

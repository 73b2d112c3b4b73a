//! Stored state: pacing, keys, back-off and device id.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

use bili_im_sim::faults::{Kind, Rule, VoucherPlace, When};
use serde_json::{Value, json};

use crate::{
    running::Running,
    support::{CREATOR, FRIEND, SECRETS, Stage, finish},
};

fn stored(stage: &Stage) -> Value {
    serde_json::from_str(&fs::read_to_string(stage.state_file(CREATOR)).unwrap()).unwrap()
}

fn device_of(planned: &Value) -> String {
    let url = planned["dry_run"]["url"].as_str().unwrap();
    let (_, id) = url.split_once("w_dev_id=").unwrap();
    id.split('&').next().unwrap().to_owned()
}

#[test]
fn keys_and_device_id_are_used_again() {
    let stage = Stage::demo();
    let plan = ["send", FRIEND, "hi", "--dry-run"];
    let device = device_of(&stage.json(&plan));
    assert_eq!(stage.asked("nav"), 1);
    for _ in 0..3 {
        assert_eq!(stage.run(&["send", FRIEND, "hi"]).code, 0);
    }
    assert_eq!(stage.asked("nav"), 1);
    assert_eq!(device_of(&stage.json(&plan)), device);
}

#[test]
fn all_accounts_of_an_installation_share_its_device_id() {
    let stage = Stage::demo();
    let own = device_of(&stage.json(&["send", FRIEND, "hi", "--dry-run"]));
    let mut command = stage.command(&["send", "10001", "hi", "--dry-run", "--json"]);
    let other = finish(command.env("BILI_IM_COOKIE", stage.cookie(10002)));
    assert_eq!(device_of(&other.json()), own);
    assert_eq!(stage.asked("nav"), 2, "the accounts share nothing else");
    let elsewhere = Stage::demo();
    let device = device_of(&elsewhere.json(&["send", FRIEND, "hi", "--dry-run"]));
    assert_ne!(device, own);
}

#[test]
fn nothing_secret_is_stored_and_nobody_else_can_read_it() {
    let stage = Stage::demo();
    assert_eq!(stage.run(&["send", FRIEND, "hi"]).code, 0);
    let mut files = 0;
    let mut dirs = vec![stage.state_dir().to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{path:?}");
            }
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for secret in SECRETS {
                assert!(!text.contains(secret), "{path:?}");
            }
            files += 1;
        }
    }
    // The state and the device id, each with its lock.
    assert_eq!(files, 4);
}

#[test]
fn damaged_state_is_set_aside_with_a_warning() {
    let damages: [&dyn Fn(Value) -> Vec<u8>; 5] = [
        &|_| Vec::new(),
        &|_| b"\xff\0{".to_vec(),
        &|state| state.to_string().into_bytes()[..50].to_vec(),
        &|mut state| {
            state["account"]["version"] = json!(99);
            state.to_string().into_bytes()
        },
        &|mut state| {
            state["account"]["uid"] = json!("10002");
            state.to_string().into_bytes()
        },
    ];
    for damage in damages {
        let stage = Stage::demo();
        assert_eq!(stage.run(&["send", FRIEND, "hi"]).code, 0);
        let damaged = damage(stored(&stage));
        fs::write(stage.state_file(CREATOR), &damaged).unwrap();
        let ran = stage.run(&["send", FRIEND, "hi"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.err.starts_with("warning: starting anew"), "{ran:?}");
        assert!(!ran.err.contains("column"), "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
        let aside = stage.state_file(CREATOR).with_extension("aside");
        assert_eq!(fs::read(aside).unwrap(), damaged);
        let ran = stage.run(&["send", FRIEND, "hi"]);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    }
}

/// Changes the stored state as if the clock had been set back by 100 seconds.
fn set_clock_back(stage: &Stage) {
    let mut state = stored(stage);
    let account = state["account"].as_object_mut().unwrap();
    for (name, time) in account {
        if ["stored", "stop", "hold", "write_hold"].contains(&&**name) || name.starts_with("next_")
        {
            let micros = time.as_u64().unwrap();
            *time = json!(if micros == 0 { 0 } else { micros + 100_000_000 });
        }
    }
    state["account"]["credited"] = json!(["7"]);
    // The format of older versions.
    state["stored_at"] = json!(u64::MAX);
    fs::write(stage.state_file(CREATOR), state.to_string()).unwrap();
}

#[test]
fn a_clock_that_was_set_back_forgets_neither_a_stop_nor_what_sends_were_credited_with() {
    let stage = Stage::demo();
    stage.fault(Rule::new(
        "single_unread",
        When::Once,
        Kind::Voucher(VoucherPlace::Body),
    ));
    stage.run(&["unread", "--paced"]).failed(5, "risk control");
    let before = stored(&stage);
    set_clock_back(&stage);
    let asked = stage.requests();
    let ran = stage.run(&["send", FRIEND, "hi", "--json"]);
    assert_eq!(ran.error()["kind"], "RiskControl");
    let left = ran.error()["retry_after_seconds"].as_u64().unwrap();
    assert!((3000..=3600).contains(&left), "{left}");
    assert_eq!(stage.requests(), asked, "nothing was sent");
    let after = stored(&stage);
    assert_eq!(after["account"]["credited"], json!(["7"]));
    // The wait is counted from now, or it would never end.
    let (stored, earlier) = (&after["account"]["stored"], &before["account"]["stored"]);
    let passed = stored.as_u64().unwrap() - earlier.as_u64().unwrap();
    assert!(passed < 90_000_000, "{passed}");
}

#[test]
fn a_damaged_device_id_is_set_aside_with_a_warning() {
    let stage = Stage::demo();
    fs::write(stage.state_dir().join("device_id"), "mine").unwrap();
    let ran = stage.run(&["unread"]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("device id is a version 4 UUID"), "{ran:?}");
    assert_eq!(stage.run(&["unread"]).err, "");
}

#[test]
fn a_place_that_cannot_be_written_is_a_warning() {
    let stage = Stage::demo();
    let file = stage.state_dir().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.clone(), file.join("inside")] {
        let mut command = stage.command(&["send", FRIEND, "hi"]);
        let ran = finish(command.env("BILI_IM_STATE_DIR", place));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
        assert!(ran.err.starts_with("warning: "), "{ran:?}");
    }
}

#[test]
fn a_stop_of_risk_control_holds_for_the_next_process_until_it_is_lifted() {
    let stage = Stage::demo();
    stage.fault(Rule::new(
        "single_unread",
        When::Once,
        Kind::Voucher(VoucherPlace::Body),
    ));
    // At bilibili's pace a stop lasts for an hour.
    stage.run(&["unread", "--paced"]).failed(5, "risk control");
    let asked = stage.requests();
    let ran = stage.run(&["send", FRIEND, "hi"]);
    ran.failed(5, "risk control stopped this account lately");
    assert!(ran.err.contains("bili-im resume"), "{ran:?}");
    let error = stage.run(&["unread", "--json"]).error();
    assert_eq!(error["kind"], "RiskControl");
    assert!(error["retry_after_seconds"].as_u64().unwrap() > 1000);
    assert_eq!(stage.requests(), asked, "nothing was sent");

    assert_eq!(stage.run(&["resume"]).out, "the stop is lifted\n");
    assert_eq!(stage.run(&["unread"]).code, 0);
    assert_eq!(stage.run(&["resume"]).out, "there was no stop to lift\n");
    assert_eq!(stage.json(&["resume"]), json!({"was_stopped": false}));
}

#[test]
fn a_stop_is_the_accounts_own() {
    let stage = Stage::demo();
    stage.fault(Rule::new(
        "single_unread",
        When::Once,
        Kind::Voucher(VoucherPlace::Body),
    ));
    stage.run(&["unread", "--paced"]).failed(5, "risk control");
    let mut command = stage.command(&["unread"]);
    let other = finish(command.env("BILI_IM_COOKIE", stage.cookie(10002)));
    assert_eq!(other.code, 0, "{other:?}");
}

#[test]
fn messages_of_several_processes_are_a_second_apart() {
    let stage = Stage::demo();
    let processes = [(); 4].map(|()| {
        let mut command = stage.command(&["send", FRIEND, "hi", "--paced"]);
        command.stdout(Stdio::null()).spawn().unwrap()
    });
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let messages = stage.snapshot().messages;
    let times: Vec<u64> = (messages.iter().rev().take(4))
        .map(|message| message.timestamp)
        .collect();
    // The service's times are whole seconds, so three gaps of a second show as at least two.
    assert!(times[0] - times[3] >= 2, "{times:?}");
    assert_eq!(stage.asked("nav"), 1, "the first fetched the keys for all");
}

#[test]
fn without_a_uid_in_the_cookie_the_state_is_kept_all_the_same() {
    let stage = Stage::demo();
    let cookie = stage.cookie(CREATOR);
    let (cookie, _) = cookie.split_once("; DedeUserID").unwrap();
    let run = |args: &[&str]| finish(stage.command(args).env("BILI_IM_COOKIE", cookie));
    stage.fault(Rule::new(
        "single_unread",
        When::Once,
        Kind::Voucher(VoucherPlace::Body),
    ));
    run(&["unread", "--paced"]).failed(5, "risk control");
    run(&["unread"]).failed(5, "lately");
    assert_eq!(run(&["resume"]).out, "the stop is lifted\n");
    assert_eq!(run(&["send", FRIEND, "hi"]).code, 0);
}

/// Another process that holds the lock of a stored file.
fn held(path: &Path) -> File {
    let name = path.file_name().unwrap().to_str().unwrap();
    let lock = File::open(path.with_file_name(format!(".{name}.bili-im-lock"))).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn a_command_that_waits_for_another_says_so_once() {
    let stage = Stage::demo();
    assert_eq!(stage.run(&["unread"]).code, 0);
    let device_id = stage.state_dir().join("device_id");
    let locks = [
        (stage.state_file(CREATOR), "of this account"),
        (device_id.clone(), "machine"),
    ];
    for (path, who) in locks {
        let _device_id_is_made_anew = fs::remove_file(&device_id);
        let held = held(&path);
        let mut waiting = Running::start(&mut stage.command(&["unread"]));
        thread::sleep(Duration::from_millis(1500));
        assert!(!waiting.has_ended());
        drop(held);
        let ran = waiting.end();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
        let start = "warning: waiting for another bili-im ";
        assert!(
            ran.err.starts_with(start) && ran.err.contains(who),
            "{ran:?}"
        );
        assert!(ran.err.trim_end().ends_with(".bili-im-lock"), "{ran:?}");
    }
}

#[test]
fn a_watch_that_waits_for_another_says_so_later_and_goes_on() {
    let stage = Stage::demo();
    let mut watch = stage.watch(&["--json"]);
    let held = held(&stage.state_file(CREATOR));
    thread::sleep(Duration::from_secs(11));
    stage.write(10002, "hi");
    drop(held);
    assert_eq!(watch.json()["event"], "message");
    watch.kill();
    let told = watch.complaints();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.contains("waiting for another bili-im of this account"),
        "{told}"
    );
}

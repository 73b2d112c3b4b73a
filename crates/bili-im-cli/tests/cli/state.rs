//! Stored state: pacing, keys, back-off and device id.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    running::Running,
    support::{CREATOR, Stage, finish, voucher},
};

fn stored(stage: &Stage) -> Value {
    serde_json::from_str(&fs::read_to_string(stage.state_file(CREATOR)).unwrap()).unwrap()
}

fn device_of(planned: &Value) -> String {
    let url = planned["dry_run"]["url"].as_str().unwrap();
    let (_, id) = url.split_once("w_dev_id=").unwrap();
    id.split('&').next().unwrap().to_owned()
}

const PLAN: &str = "send 10002 hi --dry-run --json";

#[test]
fn keys_and_device_id_are_used_again() {
    let stage = Stage::demo();
    let device = device_of(&stage.run(PLAN).json());
    assert_eq!(stage.asked("nav"), 1);
    for _ in 0..3 {
        stage.done("send 10002 hi");
    }
    assert_eq!(stage.asked("nav"), 1);
    assert_eq!(device_of(&stage.run(PLAN).json()), device);
    // All accounts of an installation share it.
    let other = stage.run_as(stage.cookie(10003), PLAN);
    assert_eq!(device_of(&other.json()), device);
    assert_eq!(stage.asked("nav"), 2, "the accounts share nothing else");
    let elsewhere = Stage::demo();
    assert_ne!(device_of(&elsewhere.run(PLAN).json()), device);
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
        stage.done("send 10002 hi");
        let damaged = damage(stored(&stage));
        fs::write(stage.state_file(CREATOR), &damaged).unwrap();
        let ran = stage.run("send 10002 hi");
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.err.starts_with("warning: starting anew"), "{ran:?}");
        assert!(!ran.err.contains("column"), "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
        let aside = stage.state_file(CREATOR).with_extension("aside");
        assert_eq!(fs::read(aside).unwrap(), damaged);
        stage.done("send 10002 hi");
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
    stage.stop();
    let before = stored(&stage);
    set_clock_back(&stage);
    let asked = stage.requests();
    let ran = stage.run("send 10002 hi --json");
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
    let ran = stage.run("unread");
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("device id is a version 4 UUID"), "{ran:?}");
    stage.done("unread");
}

#[test]
fn a_place_that_cannot_be_written_is_a_warning() {
    let stage = Stage::demo();
    let file = stage.state_dir().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.clone(), file.join("inside")] {
        let mut command = stage.command("send 10002 hi");
        let ran = finish(command.env("BILI_IM_STATE_DIR", place));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
        assert!(ran.err.starts_with("warning: "), "{ran:?}");
    }
}

#[test]
fn a_stop_of_risk_control_holds_for_the_next_process_of_the_account_until_it_is_lifted() {
    let stage = Stage::demo();
    stage.stop();
    let asked = stage.requests();
    let ran = stage.run("send 10002 hi");
    ran.failed(5, "risk control stopped this account lately");
    assert!(ran.err.contains("bili-im resume"), "{ran:?}");
    let error = stage.run("unread --json").error();
    assert_eq!(error["kind"], "RiskControl");
    assert!(error["retry_after_seconds"].as_u64().unwrap() > 1000);
    assert_eq!(stage.requests(), asked, "nothing was sent");
    assert_eq!(stage.run_as(stage.cookie(10002), "unread").code, 0);

    assert_eq!(stage.done("resume"), "the stop is lifted\n");
    stage.done("unread");
    assert_eq!(stage.done("resume"), "there was no stop to lift\n");
    assert_eq!(stage.json("resume"), json!({"was_stopped": false}));
}

#[test]
fn messages_of_several_processes_are_a_second_apart() {
    let stage = Stage::demo();
    let processes = [(); 4].map(|()| {
        let mut command = stage.command("send 10002 hi --paced");
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
    let run = |args: &str| stage.run_as(cookie, args);
    stage.fault_once("single_unread", voucher());
    run("unread --paced").failed(5, "risk control");
    run("unread").failed(5, "lately");
    assert_eq!(run("resume").out, "the stop is lifted\n");
    assert_eq!(run("send 10002 hi").code, 0);
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
    stage.done("unread");
    let device_id = stage.state_dir().join("device_id");
    let locks = [
        (stage.state_file(CREATOR), "of this account"),
        (device_id.clone(), "machine"),
    ];
    for (path, who) in locks {
        let _device_id_is_made_anew = fs::remove_file(&device_id);
        let held = held(&path);
        let mut waiting = Running::start(&mut stage.command("unread"));
        thread::sleep(Duration::from_millis(1500));
        assert!(!waiting.has_ended());
        drop(held);
        let ran = waiting.end();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
        let start = "warning: waiting for another bili-im ";
        assert!(ran.err.starts_with(start), "{ran:?}");
        assert!(ran.err.contains(who), "{ran:?}");
        assert!(ran.err.trim_end().ends_with(".bili-im-lock"), "{ran:?}");
    }
}

#[test]
fn a_watch_that_waits_for_another_says_so_later_and_goes_on() {
    let stage = Stage::demo();
    let mut watch = stage.watch("--json");
    let held = held(&stage.state_file(CREATOR));
    thread::sleep(Duration::from_secs(11));
    stage.write(10002, "hi");
    drop(held);
    assert_eq!(watch.json()["event"], "message");
    let told = watch.kill();
    assert_eq!(told.lines().count(), 1, "{told}");
    let words = "waiting for another bili-im of this account";
    assert!(told.contains(words), "{told}");
}

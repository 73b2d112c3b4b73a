//! Which messages are told, and how.

use bili_im_proto::{Answered, Event, EventKind, Invalid, Text, UnixSeconds, WatchOptions};
use bili_im_sim::{Act, Whim};
use bili_im_tests::{Stage, local_account};

use crate::{
    by_hand::{FRESH, list, listed, numbers, page, told_by},
    program::{
        MINUTE, OWN, Program, account, login, one_of_each, stage, world, world_with_a_group, write,
        written,
    },
};

#[test]
fn a_recall_is_told_and_hides_a_message_not_told_before() {
    let mut stage = stage();
    let account = account(1);
    let mut program = Program::start(&mut stage, &account);
    for text in ["seen before it is recalled", "recalled before it is seen"] {
        let message = written(2, OWN, text);
        let (msg_key, _) = stage.write(message);
        if text.starts_with("seen") {
            program.watch(&mut stage, MINUTE);
        }
        let recall = Act::Recall {
            uid: bili_im_sim::Uid(2),
            msg_key,
        };
        stage.act(recall);
    }
    program.watch(&mut stage, MINUTE);
    let told = program.words();
    let [seen, one, hidden, other] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(seen, "seen before it is recalled");
    assert_eq!((&**one, &**other), ("recalled", "recalled"));
    assert!(!hidden.contains("before"), "{hidden}");
}

#[test]
fn only_what_a_person_wrote_is_answered() {
    let mut stage = Stage::new(world_with_a_group()).unwrap();
    let account = account(1);
    let all = WatchOptions::default()
        .with_automatic(true)
        .with_system(true);
    let mut program = Program::with(&mut stage, &account, all);
    one_of_each(&mut stage);
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.told.len(), 6);
    let mut answered = Vec::new();
    for event in &program.told {
        match account.answer(event, Text::new("thanks").unwrap()) {
            Ok(answer) => {
                let sent = stage.run(answer).unwrap();
                assert!(matches!(sent, Answered::Sent { .. }), "{sent:?}");
                answered.push(event.clone());
            }
            Err(refused) => assert_eq!(refused, Invalid::NotAnswerable),
        }
    }
    program.told = answered;
    let mut told = program.words();
    told.sort();
    assert_eq!(told, ["by hand", "in a group"]);
}

#[test]
fn a_message_that_is_never_shown_is_passed_over_for_good() {
    let mut stage = stage();
    let account = account(1);
    let mut program = Program::start(&mut stage, &account);
    let write = |stage: &mut Stage, text: &str, msg_type| {
        let mut message = written(2, OWN, text);
        message.msg_type = msg_type;
        let (_, seqno) = stage.write(message);
        bili_im_proto::Seqno(seqno.0)
    };
    write(&mut stage, "before", 1);
    write(&mut stage, "a change of it", 51);
    let last = write(&mut stage, "another change", 51);
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.words(), ["before"]);
    stage.time.seen.clear();
    write(&mut stage, "after", 1);
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.words(), ["before", "after"]);
    // It is asked for no older messages than the last change.
    let asked = stage.time.calls("fetch_session_msgs");
    let from: Vec<_> = asked
        .iter()
        .map(|seen| seen.number("begin_seqno"))
        .collect();
    assert_eq!(from, vec![Some(last.0 - 1); from.len()]);
    assert!(!from.is_empty());
}

/// Writes a message of user 2 that is unlike a text.
fn write_odd(
    stage: &mut Stage,
    message: bili_im_sim::Message,
    change: impl FnOnce(&mut bili_im_sim::Message),
) -> bili_im_sim::MsgKey {
    let mut message = message;
    change(&mut message);
    stage.write(message).0
}

#[test]
fn messages_of_odd_kinds_are_each_told_once_with_their_words() {
    let mut stage = stage();
    let account = account(1);
    let all = WatchOptions::default()
        .with_automatic(true)
        .with_system(true);
    let mut program = Program::with(&mut stage, &account, all);
    let reported = write_odd(&mut stage, written(2, OWN, "reported"), |_| ());
    program.watch(&mut stage, MINUTE);
    for text in ["notice one", "notice two"] {
        let key = write_odd(&mut stage, written(2, OWN, text), |message| {
            message.keyless = true;
            message.msg_source = 6;
        });
        assert_eq!(key.0, 0);
    }
    write_odd(&mut stage, written(2, OWN, "as an object"), |message| {
        message.content_as_object = true;
    });
    let own = bili_im_sim::Talker::user(OWN);
    for (msg_type, words) in [(19, "within"), (52, "at the top")] {
        let answer = bili_im_sim::Message::ai(2, own, msg_type, &["AI", words]);
        write_odd(&mut stage, answer, |_| ());
    }
    stage.act(Act::SysCancel { msg_key: reported });
    program.watch(&mut stage, MINUTE * 3);
    let expected = [
        "reported",
        "notice one",
        "notice two",
        "as an object",
        "AI within",
        "AI at the top",
        "recalled",
    ];
    assert_eq!(program.words(), expected);
    // Each has its content as it was written, too.
    for (event, part) in program
        .told
        .iter()
        .zip(["reported", "one", "two", "object"])
    {
        let EventKind::Message { message, .. } = &event.kind else {
            panic!("{event:?}")
        };
        let raw: serde_json::Value =
            serde_json::from_str(&message.raw_content_even_if_recalled()).unwrap();
        assert!(raw["content"].as_str().unwrap().ends_with(part), "{raw}");
    }
}

#[test]
fn a_first_message_is_told_at_once_though_more_is_promised_before_it() {
    for more_at_floor in [Whim::Never, Whim::Always] {
        let mut world = world();
        world.options.more_at_floor = more_at_floor;
        let mut stage = Stage::new(world).unwrap();
        let mut program = Program::start(&mut stage, &account(1));
        write(&mut stage, 5, OWN, "first");
        program.watch(&mut stage, MINUTE);
        assert_eq!(program.words(), ["first"], "{more_at_floor:?}");
    }
}

#[test]
fn a_login_that_ends_soon_is_announced_and_announced_again_on_its_last_day() {
    let mut stage = stage();
    let end = stage.time.now.unix.seconds().0 + 14 * 24 * 3600 + 600;
    let login = login().with_expires(Some(UnixSeconds(end)));
    let account = local_account(login, 1).build();
    let mut program = Program::start(&mut stage, &account);
    let announced = |program: &Program| {
        let is_end = |event: &&Event| matches!(event.kind, EventKind::LoginEnds { .. });
        program.told.iter().filter(is_end).count()
    };
    program.watch(&mut stage, MINUTE);
    assert_eq!(announced(&program), 0);
    program.watch(&mut stage, MINUTE * 20);
    assert_eq!(announced(&program), 1);
    stage.time.advance(MINUTE * 60 * 24 * 13);
    program.watch(&mut stage, MINUTE * 20);
    assert_eq!(announced(&program), 2);
}

/// A page of texts, each of which says when it was written, or does not.
fn dated(times: &[(u64, Option<u64>)]) -> Option<String> {
    let mut all = Vec::new();
    for &(seqno, time) in times {
        let one = page([seqno], time.unwrap_or(0))?;
        let mut one: serde_json::Value = serde_json::from_str(&one).ok()?;
        let mut one = one["data"]["messages"][0].take();
        if time.is_none() && seqno.is_multiple_of(2) {
            one.as_object_mut()?.remove("timestamp");
        }
        all.push(one);
    }
    let data = serde_json::json!({"messages": all, "has_more": 0});
    Some(serde_json::json!({"code": 0, "data": data}).to_string())
}

#[test]
fn a_message_without_a_time_is_as_old_as_its_neighbours() {
    const NEW: Option<u64> = Some(u64::MAX);
    let (old, new, far_ahead) = (Some(1_000_000_000), NEW, Some(4_000_000_000));
    for (times, expected) in [
        (&[(9, new), (8, None), (7, old)][..], &["9"][..]),
        (&[(9, None), (8, new), (7, None), (6, old)], &["8", "9"]),
        (&[(9, new), (8, None)], &["8", "9"]),
        (&[(9, None), (8, old)], &[]),
        (&[(9, None), (8, None), (7, None)], &["9"]),
        (&[(8, None), (7, None)], &[]),
        (&[(9, far_ahead), (8, far_ahead), (7, old)], &[]),
    ] {
        let (mut told, _) = told_by(FRESH, 1, |seen, now| match seen.endpoint() {
            "new_sessions" => list(&[listed(3, 9, now)], 0),
            "fetch_session_msgs" if seen.parameter("begin_seqno").is_none() => {
                let dates = times.iter().map(|&(seqno, time)| match time {
                    NEW => (seqno, Some(now)),
                    other => (seqno, other),
                });
                dated(&dates.collect::<Vec<_>>())
            }
            _ => None,
        });
        told.sort();
        assert_eq!(told, expected, "{times:?}");
    }
}

#[test]
fn an_unreadable_message_is_told_as_such_and_delays_no_other() {
    let mut polls = 0;
    let (told, _) = told_by(FRESH, 2, |seen, now| match seen.endpoint() {
        "new_sessions" => {
            polls += 1;
            list(&[listed(2, if polls < 3 { 4 } else { 5 }, now)], 0)
        }
        "fetch_session_msgs" => {
            let begin = seen.number("begin_seqno").unwrap_or(0);
            let newest = if polls < 3 { 4 } else { 5 };
            let page = page((begin + 1..=newest).rev(), now)?;
            let mut page: serde_json::Value = serde_json::from_str(&page).ok()?;
            for message in page["data"]["messages"].as_array_mut()? {
                if message["msg_seqno"] == 3 {
                    message.as_object_mut()?.remove("sender_uid");
                }
            }
            Some(page.to_string())
        }
        _ => None,
    });
    assert_eq!(told, ["2", "unreadable", "4", "5"]);
}

#[test]
fn a_message_is_told_at_once_whatever_short_pages_and_lists_say() {
    // Whether a page says that there is more, and whether a list has the newest number.
    for (has_more, has_number) in [(0, true), (1, true), (0, false)] {
        let mut polls = 0;
        let (told, _) = told_by(FRESH, 1, |seen, now| match seen.endpoint() {
            "new_sessions" => {
                polls += 1;
                list(&[listed(2, if has_number { 1 + polls } else { 0 }, now)], 0)
            }
            "fetch_session_msgs" => {
                let begin = seen.number("begin_seqno").unwrap_or(0);
                let page = page((begin + 1..=1 + polls).rev(), now)?;
                Some(page.replace(r#""has_more":0"#, &format!(r#""has_more":{has_more}"#)))
            }
            _ => None,
        });
        assert!(polls >= 3, "{polls}");
        assert_eq!(told, numbers(2..=1 + polls), "{has_more} {has_number}");
    }
}

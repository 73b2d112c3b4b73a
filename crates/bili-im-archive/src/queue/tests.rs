//! The queue.

use super::{consumers::CONSUMERS, *};
use crate::testing::{FRIEND, Shelf};

fn position(seqno: u64) -> Position {
    let json = format!(
        r#"{{"talker":{},"seqno":"{seqno}","time":5,"mark":7}}"#,
        text(&FRIEND).unwrap()
    );
    parse(&json).unwrap()
}

fn clock() -> u64 {
    1_700_000_000
}

fn queue(shelf: Shelf, events: u64) -> (Queue, tempfile::TempDir) {
    let mut queue = Queue::new(shelf.archive, clock).unwrap();
    for id in 1..=events {
        let number = queue.push(id * 10, Some(FRIEND), "{}", None).unwrap();
        assert_eq!(number, id);
    }
    (queue, shelf.folder)
}

#[test]
fn a_consumer_is_told_how_many_events_were_dropped_before_it_read_them() {
    let (mut queue, _folder) = queue(Shelf::empty(), 2);
    let begun = queue.consumer("bot").unwrap();
    assert_eq!(
        begun,
        Place {
            id: 20,
            number: Some(2)
        }
    );
    for id in 3..=9 {
        queue.push(id * 10, None, "{}", None).unwrap();
    }
    queue.handled("bot", 35).unwrap();
    queue.trim(2, 0, 0).unwrap();
    let place = queue.consumer("bot").unwrap();
    let dropped = queue.dropped(place).unwrap().unwrap();
    assert_eq!(
        (dropped.from, dropped.to.id, dropped.count),
        (31, 70, Some(4))
    );
    let left = queue.read(dropped.to.id, u64::MAX, 9).unwrap();
    assert_eq!(
        left.iter().map(|event| event.place.id).collect::<Vec<_>>(),
        [80, 90]
    );
    assert_eq!(queue.consumers().unwrap()[0].lag, 6);
    queue.handled("bot", 70).unwrap();
    let place = queue.consumer("bot").unwrap();
    assert_eq!(queue.dropped(place).unwrap(), None);
}

#[test]
fn numbers_go_on_when_everything_was_dropped_and_positions_never_go_back() {
    let (mut queue, _folder) = queue(Shelf::empty(), 5);
    queue.handled("bot", 50).unwrap();
    queue.trim(0, 0, 0).unwrap();
    assert_eq!(
        queue.newest().unwrap(),
        Place {
            id: 50,
            number: Some(5)
        }
    );
    assert_eq!(queue.push(60, None, "{}", None).unwrap(), 6);
    queue.handled("bot", 20).unwrap();
    let place = queue.consumer("bot").unwrap();
    assert_eq!(
        place,
        Place {
            id: 50,
            number: Some(5)
        }
    );
    assert_eq!(queue.dropped(place).unwrap(), None);
    assert_eq!(
        queue.dropped(Place::default()).unwrap().unwrap().count,
        None
    );
}

#[test]
fn old_events_are_dropped_and_so_are_consumers_that_never_come() {
    let (mut queue, _folder) = queue(Shelf::empty(), 3);
    queue.consumer("bot").unwrap();
    queue.trim(100, clock() + 60, clock() + 60).unwrap();
    assert_eq!(queue.read(0, u64::MAX, 9).unwrap(), []);
    assert_eq!(queue.consumers().unwrap(), []);
}

#[test]
fn what_a_recalled_message_said_is_erased_from_its_event() {
    let (mut queue, folder) = queue(Shelf::empty(), 0);
    for (id, key) in [(1, "5"), (2, "6")] {
        let json = format!(
            r#"{{"event":"message","message":{{"msg_key":"{key}","content":{{"text":"secret{key}"}}}}}}"#
        );
        queue.push(id, Some(FRIEND), &json, None).unwrap();
    }
    let content = r#"{"type":"recalled"}"#;
    queue.recall(FRIEND, MsgKey(5), content).unwrap();
    let events = queue.read(0, 9, 9).unwrap();
    assert_eq!(
        events[0].json,
        r#"{"event":"message","message":{"msg_key":"5","content":{"type":"recalled"}}}"#
    );
    assert!(events[1].json.contains("secret6"));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(7).any(|bytes| bytes == b"secret5"));
    }
}

#[test]
fn there_are_so_many_consumers_and_no_more() {
    let (mut queue, _folder) = queue(Shelf::empty(), 1);
    for number in 0..CONSUMERS {
        queue.consumer(&number.to_string()).unwrap();
    }
    let own = ["hook/crm", "notify/phone", "rules"];
    assert!(queue.consumer("more").is_err() && queue.handled("more", 10).is_err());
    assert!(queue.consumer("7").is_ok() && queue.handled("7", 10).is_ok());
    // The process's own need no room, and take none.
    let names = ["more", own[0]].map(str::to_owned);
    queue.begin_consumers(names).unwrap();
    assert!(own.iter().all(|name| queue.consumer(name).is_ok()));
    assert_eq!(queue.consumers().unwrap().len(), CONSUMERS + own.len());
    assert!(queue.forget_consumer("7").unwrap() && !queue.forget_consumer("7").unwrap());
    assert!(queue.consumer("more").is_ok() && queue.consumer("7").is_err());
}

#[test]
fn one_process_has_the_queue() {
    let (queue, folder) = queue(Shelf::empty(), 0);
    let path = queue.archive.path().to_owned();
    let again = || Queue::new(Archive::open(&path).unwrap(), clock);
    assert!(matches!(again(), Err(ArchiveError::Busy)));
    drop(queue);
    assert!(again().is_ok());
    drop(folder);
}

#[test]
fn the_cursor_has_every_position_also_after_it_was_written_anew() {
    let cursor: Cursor = parse(
        r#"{"version":2,"uid":10001,"floor":1,"mark":1,"compared":1,"capacity":100,"sessions":[]}"#,
    )
    .unwrap();
    let (mut queue, _folder) = queue(Shelf::empty(), 0);
    queue.begin(&cursor).unwrap();
    let mut expected = cursor;
    for seqno in 1..=600 {
        expected.advance(&position(seqno));
        queue
            .push(seqno, None, "{}", Some(&position(seqno)))
            .unwrap();
    }
    assert_eq!(queue.cursor().unwrap(), Some(expected));
}

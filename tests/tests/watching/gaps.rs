//! Gaps: messages that came since the last look, read page by page.

use std::collections::BTreeSet;

use crate::by_hand::{FRESH, bounds, list, listed, numbers, page, told_by};

#[test]
fn an_empty_page_is_asked_for_again_wherever_it_comes() {
    for (name, empty_ones, seconds, size, minutes) in [
        ("the newest page", 0..1, 0, 200, 5),
        ("the second page, twice", 1..3, 0, 200, 5),
        ("the second page, for five minutes", 0..0, 300, 200, 30),
        ("short pages with more before them", 1..3, 0, 30, 5),
        ("long after the listing", 15..17, 0, 30, 90),
    ] {
        let (mut asked, mut began) = (0, None);
        let (told, _) = told_by(FRESH, minutes, |seen, now| match seen.endpoint() {
            "new_sessions" => list(&[listed(2, 501, now)], 0),
            "fetch_session_msgs" => {
                let (begin, end) = bounds(seen, 501);
                asked += 1;
                let is_second = end != 502 && now < *began.get_or_insert(now) + seconds;
                if empty_ones.contains(&(asked - 1)) || is_second {
                    return page([], now);
                }
                let page = page((begin + 1..end).rev().take(size), now)?;
                let has_more = u8::from(size < 200);
                Some(page.replace(r#""has_more":0"#, &format!(r#""has_more":{has_more}"#)))
            }
            _ => None,
        });
        assert_eq!(told, numbers(2..=501), "{name}");
    }
}

#[test]
fn a_page_that_is_empty_when_read_again_is_asked_for_again() {
    // More pages than are kept: some are read again on the way forward. That fails for a while.
    let mut ends = BTreeSet::new();
    let mut began = None;
    let mut hiccups = 0;
    let (told, _) = told_by(FRESH, 30, |seen, now| match seen.endpoint() {
        "new_sessions" => list(&[listed(2, 3001, now)], 0),
        "fetch_session_msgs" => {
            let (begin, end) = bounds(seen, 3001);
            let is_again = !ends.insert(end) && end == 3002;
            if is_again && now < *began.get_or_insert(now) + 90 {
                return Some("<html>".to_owned());
            }
            if is_again && hiccups < 3 {
                hiccups += 1;
                return page([], now);
            }
            page((begin + 1..end).rev().take(200), now)
        }
        _ => None,
    });
    assert_eq!(hiccups, 3);
    let told: Vec<_> = (told.into_iter())
        .filter(|word| word.parse::<u64>().is_ok())
        .collect();
    assert_eq!(told, numbers(2..=3001));
}

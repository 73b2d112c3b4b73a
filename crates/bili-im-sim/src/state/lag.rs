//! Answers that lag: each request draws how old its data is.

use super::State;
use crate::time::UnixMicros;

const MICROS: u64 = 1_000_000;

impl State {
    /// Lets time pass up to `now`, which is without skew; never backwards.
    pub(crate) fn pass(&mut self, now: UnixMicros) {
        self.time = self.time.max(now);
    }

    /// Draws the moment whose data a request gets, which lags by up to `at_most` seconds. `None` is
    /// the present.
    pub(crate) fn lagged(&mut self, at_most: u64) -> Option<UnixMicros> {
        if at_most == 0 {
            return None;
        }
        let most = at_most.saturating_mul(MICROS);
        let lag = self.chance.below(most.saturating_add(1));
        Some(UnixMicros(self.time.0.saturating_sub(lag)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        testing::{Sim, talkers},
        world::World,
    };

    const NEW: &str = "new_sessions?begin_ts=0&size=20";
    const ALL: &str = "get_sessions?session_type=4";
    const MESSAGES: &str = "fetch_session_msgs?talker_id=2&session_type=1&size=20";

    /// 2 wrote to 1 long ago.
    fn sim(options: &str) -> Sim {
        Sim::from_json(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2}},{{"uid":3}}],
                 "messages":[{{"from":2,"to":1,"text":"old","seconds_ago":300}}],
                 "options":{{"more_at_floor":"never","last_msg_missing":"never","older_sessions":"never",{options}}}}}"#
        ))
    }

    /// The newest sequence number of the session with 2.
    fn newest(sim: &mut Sim) -> Value {
        sim.session(1, 2)["max_seqno"].clone()
    }

    fn hundred_answers(sim: &mut Sim, path: &str) -> Vec<Value> {
        (0..100).map(|_| sim.data(1, path)).collect()
    }

    /// The value of `field` of the session with 2 in each list.
    fn of_2<'a>(lists: &'a [Value], field: &str) -> Vec<&'a Value> {
        let sessions = lists
            .iter()
            .flat_map(|list| list["session_list"].as_array());
        let with_2 = sessions
            .flatten()
            .filter(|session| session["talker_id"] == 2);
        with_2.map(|session| &session[field]).collect()
    }

    #[test]
    fn a_late_list_shows_an_earlier_state_but_no_earlier_than_the_option_says() {
        for path in [NEW, ALL] {
            let mut sim = sim(r#""late_lists":10"#);
            let old = sim.session(1, 2);
            sim.say(2, 1, "new");
            let new = sim.session(1, 2);
            sim.pass(5);
            let lists = hundred_answers(&mut sim, path);
            for field in ["max_seqno", "session_ts", "unread_count", "last_msg"] {
                let seen = of_2(&lists, field);
                assert_eq!(seen.len(), 100);
                assert!(seen.contains(&&old[field]), "{field}");
                assert!(seen.contains(&&new[field]), "{field}");
            }
            let mut sessions = lists.iter().map(|list| &list["session_list"][0]);
            assert!(sessions.all(|session| *session == old || *session == new));
            assert_eq!(sim.session(1, 2), new);
            sim.pass(5);
            let lists = hundred_answers(&mut sim, path);
            assert_eq!(of_2(&lists, "max_seqno"), [&new["max_seqno"]; 100]);
        }
    }

    #[test]
    fn a_late_new_session_appears_whole_and_before_later_changes() {
        for path in [NEW, ALL] {
            let mut sim = sim(r#""late_lists":10"#);
            sim.say(3, 1, "first");
            sim.pass(2);
            sim.say(2, 1, "second");
            let newest = newest(&mut sim);
            sim.pass(2);
            let lists = hundred_answers(&mut sim, path).into_iter();
            let (with_3, without_3): (Vec<_>, Vec<_>) =
                lists.partition(|list| talkers(list).contains(&3));
            assert!(of_2(&with_3, "max_seqno").contains(&&newest));
            assert!(!without_3.is_empty());
            assert!(!of_2(&without_3, "max_seqno").contains(&&newest));
        }
    }

    #[test]
    fn a_message_arrives_when_it_is_written_despite_its_timestamp_and_the_skew() {
        let mut sim = sim(r#""late_lists":10"#);
        sim.write(r#"{"from":2,"to":1,"text":"new","seconds_ago":100}"#);
        let seqno = newest(&mut sim);
        let lists = hundred_answers(&mut sim, ALL);
        assert_ne!(of_2(&lists, "max_seqno"), [&seqno; 100]);

        sim.service.skew_clock(3600);
        sim.say(2, 1, "newer");
        let seqno = newest(&mut sim);
        sim.service.skew_clock(0);
        sim.service.advance_clock(10);
        let lists = hundred_answers(&mut sim, ALL);
        assert_eq!(of_2(&lists, "max_seqno"), [&seqno; 100]);
    }

    #[test]
    fn messages_may_lag_behind_the_lists() {
        let mut sim = sim(r#""lagging_messages":10"#);
        sim.say(2, 1, "new");
        let newest = newest(&mut sim);
        sim.pass(5);
        let lists = hundred_answers(&mut sim, ALL);
        assert_eq!(of_2(&lists, "max_seqno"), [&newest; 100]);
        let count = |page: &Value| page["messages"].as_array().map_or(0, Vec::len);
        let pages = hundred_answers(&mut sim, MESSAGES);
        for page in &pages {
            assert_eq!(page["max_seqno"] == newest, count(page) == 2);
            assert_eq!(page["has_more"], 0);
        }
        let lengths: Vec<usize> = pages.iter().map(count).collect();
        assert!(lengths.contains(&1) && lengths.contains(&2));
        sim.pass(5);
        let pages = hundred_answers(&mut sim, MESSAGES);
        assert!(pages.iter().all(|page| count(page) == 2));
    }

    #[test]
    fn an_answer_without_lag_draws_no_random_number() {
        let mut state = State::new(World::demo(), UnixMicros::from_secs(1_760_000_000));
        let next = |state: &State| state.chance.clone().next();
        let before = next(&state);
        assert_eq!(state.lagged(0), None);
        assert_eq!(next(&state), before);
        assert!(state.lagged(u64::MAX).is_some());
        assert_ne!(next(&state), before);
    }
}

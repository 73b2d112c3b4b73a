//! Answers that lag: each request draws how old its data is.

use super::{State, Written};
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

/// The messages that had arrived by this moment; all of them for `None`.
pub(super) fn arrived_by(messages: &[Written], moment: Option<UnixMicros>) -> &[Written] {
    let Some(moment) = moment else {
        return messages;
    };
    let count = messages.partition_point(|message| message.arrived_at <= moment);
    messages.get(..count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        testing::{Sim, talkers, world},
        world::World,
    };

    const NEW: &str = "/session_svr/v1/session_svr/new_sessions?begin_ts=0&size=20";
    const ALL: &str = "/session_svr/v1/session_svr/get_sessions?session_type=4";
    const MESSAGES: &str =
        "/svr_sync/v1/svr_sync/fetch_session_msgs?talker_id=2&session_type=1&size=20";

    /// 2 wrote to 1 long ago.
    fn sim(options: &str) -> Sim {
        Sim::new(world(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2}},{{"uid":3}}],
                 "messages":[{{"from":2,"to":1,"text":"old","seconds_ago":300}}],
                 "options":{{"last_msg_missing":"never","older_sessions":"never",{options}}}}}"#
        )))
    }

    fn hundred_answers(sim: &mut Sim, path: &str) -> Vec<Value> {
        (0..100).map(|_| sim.get(1, path).data()).collect()
    }

    /// The value of `field` of the session with 2 in each list.
    fn of_2<'a>(lists: &'a [Value], field: &str) -> Vec<&'a Value> {
        let sessions = lists
            .iter()
            .flat_map(|list| list["session_list"].as_array());
        sessions
            .flatten()
            .filter(|session| session["talker_id"] == 2)
            .map(|session| &session[field])
            .collect()
    }

    #[test]
    fn a_late_list_shows_an_earlier_state() {
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
            let whole = |session: &&Value| **session == old || **session == new;
            let sessions: Vec<&Value> = lists.iter().map(|list| &list["session_list"][0]).collect();
            assert!(sessions.iter().all(whole));
            assert_eq!(sim.session(1, 2), new);
        }
    }

    #[test]
    fn no_list_is_later_than_the_option_says() {
        for path in [NEW, ALL] {
            let mut sim = sim(r#""late_lists":10"#);
            sim.say(2, 1, "new");
            let newest = sim.session(1, 2)["max_seqno"].clone();
            sim.pass(10);
            let lists = hundred_answers(&mut sim, path);
            assert_eq!(of_2(&lists, "max_seqno"), [&newest; 100]);
        }
    }

    #[test]
    fn a_late_new_session_appears_whole_and_before_later_changes() {
        for path in [NEW, ALL] {
            let mut sim = sim(r#""late_lists":10"#);
            sim.say(3, 1, "first");
            sim.pass(2);
            sim.say(2, 1, "second");
            let newest = sim.session(1, 2)["max_seqno"].clone();
            sim.pass(2);
            let lists = hundred_answers(&mut sim, path);
            let (with_3, without_3): (Vec<_>, Vec<_>) = lists
                .into_iter()
                .partition(|list| talkers(list).contains(&3));
            assert!(of_2(&with_3, "max_seqno").contains(&&newest));
            assert!(!without_3.is_empty());
            assert!(!of_2(&without_3, "max_seqno").contains(&&newest));
        }
    }

    #[test]
    fn a_message_arrives_when_it_is_written_despite_its_timestamp_and_the_skew() {
        let mut sim = sim(r#""late_lists":10"#);
        sim.write(r#"{"from":2,"to":1,"text":"new","seconds_ago":100}"#);
        let newest = sim.session(1, 2)["max_seqno"].clone();
        let lists = hundred_answers(&mut sim, ALL);
        assert!(
            of_2(&lists, "max_seqno")
                .iter()
                .any(|seqno| **seqno != newest)
        );

        sim.service.skew_clock(3600);
        sim.say(2, 1, "newer");
        let newest = sim.session(1, 2)["max_seqno"].clone();
        sim.service.skew_clock(0);
        sim.service.advance_clock(10);
        let lists = hundred_answers(&mut sim, ALL);
        assert_eq!(of_2(&lists, "max_seqno"), [&newest; 100]);
    }

    #[test]
    fn messages_may_lag_behind_the_lists() {
        let mut sim = sim(r#""lagging_messages":10"#);
        sim.say(2, 1, "new");
        let newest = sim.session(1, 2)["max_seqno"].clone();
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
        assert!(
            hundred_answers(&mut sim, MESSAGES)
                .iter()
                .all(|page| count(page) == 2)
        );
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

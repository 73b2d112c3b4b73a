//! The list of sessions: `GET /session_svr/v1/session_svr/get_sessions`.

use std::cmp::Reverse;

use crate::{
    endpoints::prelude::*,
    request::Fields,
    state::{SessionView, State},
    time::UnixMicros,
    wire::SessionList,
};

const USUAL_SIZE: usize = 20;
const LARGEST_SIZE: usize = 100;

/// The filter that `session_type` means here (docs/protocol.md §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Users,
    Unfollowed,
    Groups,
    All,
    Intercepted,
    Business,
    System,
    Strangers,
    Followed,
}

impl Filter {
    fn from_wire(number: u64) -> Result<Self, Refusal> {
        Ok(match number {
            1 => Self::Users,
            2 => Self::Unfollowed,
            3 => Self::Groups,
            4 => Self::All,
            5 => Self::Intercepted,
            6 => Self::Business,
            7 => Self::System,
            8 => Self::Strangers,
            9 => Self::Followed,
            _ => return Err(BAD_REQUEST.because("session_type is not 1 to 9")),
        })
    }

    fn keeps(self, view: &SessionView<'_>, state: &State) -> bool {
        if view.session.intercepted {
            return self == Self::Intercepted;
        }
        let Talker::User(talker) = view.talker else {
            return matches!(self, Self::Groups | Self::All);
        };
        let is_system = state.is_system(talker);
        let follows = state.follows(view.owner, talker);
        match self {
            Self::Users | Self::All => true,
            Self::Unfollowed => !is_system && !follows,
            Self::Strangers => !is_system && !follows && !state.follows(talker, view.owner),
            Self::Followed => follows,
            Self::System => is_system,
            Self::Groups | Self::Intercepted | Self::Business => false,
        }
    }
}

/// The number of sessions on a page.
pub(super) fn page_size(query: &Fields) -> Result<usize, Refusal> {
    let size = query.number("size")?.filter(|size| *size > 0);
    Ok(size.unwrap_or(USUAL_SIZE).min(LARGEST_SIZE))
}

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    call.check_read_signature()?;
    let filter = Filter::from_wire(query.required_number("session_type")?)?;
    let size = page_size(query)?;
    let bounds = Bounds::read(query, filter, call.state)?;
    let folds_groups = query.flag("group_fold") && filter == Filter::All;
    let folds_unfollowed =
        query.flag("unfollow_fold") && matches!(filter, Filter::All | Filter::Users);
    let by_read_time =
        query.number("sort_rule")? == Some(3) && !matches!(filter, Filter::All | Filter::System);

    let moment = call.state.lagged(call.state.options.late_lists);
    let mut chance = call.state.chance.fork();
    let state = &*call.state;
    let kept = state.sessions_as_of(owner, moment).filter(|view| {
        let is_folded = (folds_groups && Filter::Groups.keeps(view, state))
            || (folds_unfollowed && Filter::Unfollowed.keeps(view, state));
        filter.keeps(view, state) && !is_folded
    });
    let (mut pinned, mut others): (Vec<_>, Vec<_>) = kept.partition(SessionView::is_pinned);
    others.retain(|view| bounds.hold(view));
    pinned.sort_by_key(|view| Reverse(view.session.top_ts));
    others.sort_by_key(|view| {
        Reverse((
            if by_read_time {
                view.session.ack_ts
            } else {
                view.session_ts()
            },
            view.max_seqno(),
        ))
    });

    // Pinned sessions lead every page. One place stays for others: paging would stop otherwise.
    pinned.truncate(if others.is_empty() {
        size
    } else {
        size.saturating_sub(1)
    });
    let room = size.saturating_sub(pinned.len());
    let has_more = others.len() > room;
    let page = pinned.into_iter().chain(others.into_iter().take(room));
    Ok(Data::of(&SessionList::new(
        page,
        has_more,
        state,
        &mut chance,
    )))
}

struct Bounds {
    begin: Option<UnixMicros>,
    end: Option<UnixMicros>,
    inclusive: bool,
}

impl Bounds {
    fn read(query: &Fields, filter: Filter, state: &mut State) -> Result<Self, Refusal> {
        let begin = query.number("begin_ts")?.map(UnixMicros);
        let end = query.number("end_ts")?.filter(|end| *end > 0);
        Ok(Self {
            begin,
            // Ignored with filter 4, which always returns the first page (docs/protocol.md §7).
            end: end.filter(|_| filter != Filter::All).map(UnixMicros),
            inclusive: state.options.inclusive_bounds.occurs(&mut state.chance),
        })
    }

    fn hold(&self, view: &SessionView<'_>) -> bool {
        let time = view.session_ts();
        let is_bound = Some(time) == self.begin || Some(time) == self.end;
        let is_within =
            self.begin.is_none_or(|begin| time >= begin) && self.end.is_none_or(|end| time <= end);
        is_within && (self.inclusive || !is_bound)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::testing::{Sim, talkers};

    /// The sessions of account 1, oldest first: 2 is followed, 3 follows, 4 is a stranger, 5 is
    /// intercepted, 6 is a system account, 7 is a group.
    fn sim(options: &str) -> Sim {
        Sim::from_json(&format!(
            r#"{{"accounts":[
                {{"uid":1,"follows":[2],"sessions":[{{"talker":{{"user":5}},"intercepted":true}}]}},
                {{"uid":2}},{{"uid":3,"follows":[1]}},{{"uid":4}},{{"uid":5}},{{"uid":6,"system_msg_type":5}}],
              "groups":[{{"id":7,"name":"g","owner":1,"members":[1,2]}}],
              "messages":[
                {{"from":2,"to":1,"text":"x","seconds_ago":600}},
                {{"from":3,"to":1,"text":"x","seconds_ago":500}},
                {{"from":4,"to":1,"text":"x","seconds_ago":400}},
                {{"from":5,"to":1,"text":"x","seconds_ago":300}},
                {{"from":6,"to":1,"text":"x","seconds_ago":200}},
                {{"from":2,"group":7,"text":"x","seconds_ago":100}}],
              "options":{{{options}}}}}"#
        ))
    }

    #[test]
    fn a_signature_may_be_missing_but_not_wrong_and_in_strict_mode_it_is_needed() {
        for path in [
            "get_sessions?session_type=1",
            "fetch_session_msgs?talker_id=2&session_type=1&size=1",
        ] {
            let wrong = format!("{path}&wts=1760000000&w_rid=0");
            sim("").check_codes(1, &[(path, 0), (&wrong, -403)]);
            sim(r#""mode":"strict""#).check_codes(1, &[(path, -403), (&wrong, -403)]);
        }
    }

    fn list(sim: &mut Sim, query: &str) -> Value {
        sim.data(1, &format!("get_sessions?{query}"))
    }

    #[test]
    fn each_type_lists_its_own_newest_first_and_folding_leaves_groups_or_unfollowed_out() {
        let mut sim = sim("");
        for (query, expected) in [
            ("session_type=1", vec![6, 4, 3, 2]),
            ("session_type=2", vec![4, 3]),
            ("session_type=3", vec![7]),
            ("session_type=4", vec![7, 6, 4, 3, 2]),
            ("session_type=5", vec![5]),
            ("session_type=6", vec![]),
            ("session_type=7", vec![6]),
            ("session_type=8", vec![4]),
            ("session_type=9", vec![2]),
            ("session_type=4&group_fold=1", vec![6, 4, 3, 2]),
            ("session_type=4&unfollow_fold=1", vec![7, 6, 2]),
            ("session_type=1&unfollow_fold=1", vec![6, 2]),
        ] {
            let data = list(&mut sim, query);
            assert_eq!(talkers(&data), expected, "{query}");
            assert_eq!(
                data["session_list"].is_null(),
                expected.is_empty(),
                "{query}"
            );
            assert_eq!(data["has_more"], 0, "{query}");
        }
        sim.check_codes(
            1,
            &[
                ("get_sessions?session_type=10", -400),
                ("get_sessions", -400),
            ],
        );
    }

    #[test]
    fn pages_follow_end_ts_on_every_type_but_4() {
        let mut sim = sim(r#""inclusive_bounds":"never""#);
        for (query, first, second) in [
            ("session_type=1&size=2", [6, 4], [3, 2]),
            ("session_type=4&size=2", [7, 6], [7, 6]),
        ] {
            let page = list(&mut sim, query);
            assert_eq!(
                (talkers(&page), &page["has_more"]),
                (first.to_vec(), &1.into())
            );
            let end = &page["session_list"][1]["session_ts"];
            let page = list(&mut sim, &format!("{query}&end_ts={end}"));
            assert_eq!(talkers(&page), second, "{query}");
        }
    }

    #[test]
    fn the_bounds_are_inclusive_or_not() {
        for (whim, expected) in [("always", vec![4, 3]), ("never", vec![])] {
            let mut sim = sim(&format!(r#""inclusive_bounds":"{whim}""#));
            let (begin, end) = (sim.now.0 - 500_000_000, sim.now.0 - 400_000_000);
            let query = format!("session_type=1&begin_ts={begin}&end_ts={end}");
            assert_eq!(talkers(&list(&mut sim, &query)), expected);
        }
    }

    #[test]
    fn pinned_sessions_lead_every_page() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1,"sessions":[{"talker":{"user":2},"pinned":true}]},
                            {"uid":2},{"uid":3},{"uid":4}],
                "messages":[{"from":2,"to":1,"text":"x","seconds_ago":300},
                            {"from":3,"to":1,"text":"x","seconds_ago":200},
                            {"from":4,"to":1,"text":"x","seconds_ago":100}],
                "options":{"inclusive_bounds":"never"}}"#,
        );
        let page = list(&mut sim, "session_type=1&size=2");
        assert_eq!(talkers(&page), [2, 4]);
        assert!(page["session_list"][0]["top_ts"].as_u64().unwrap() > 0);
        let end = &page["session_list"][1]["session_ts"];
        let page = list(&mut sim, &format!("session_type=1&size=2&end_ts={end}"));
        assert_eq!(talkers(&page), [2, 3]);
        assert_eq!(page["has_more"], 0);
    }

    #[test]
    fn sorting_by_read_time_has_no_effect_on_types_4_and_7() {
        let mut sim = sim("");
        sim.post(1, "update_ack", "talker_id=2&session_type=1")
            .data();
        for (query, expected) in [
            ("session_type=1&sort_rule=3", vec![2, 6, 4, 3]),
            ("session_type=1&sort_rule=2", vec![6, 4, 3, 2]),
            ("session_type=4&sort_rule=3", vec![7, 6, 4, 3, 2]),
        ] {
            assert_eq!(talkers(&list(&mut sim, query)), expected, "{query}");
        }
    }

    #[test]
    fn a_page_has_twenty_sessions_by_default_and_at_most_a_hundred() {
        let uids: Vec<String> = (2..=130).map(|uid| format!(r#"{{"uid":{uid}}}"#)).collect();
        let accounts = format!(r#"{{"accounts":[{{"uid":1}},{}]}}"#, uids.join(","));
        let mut sim = Sim::from_json(&accounts);
        (2..=130).for_each(|uid| sim.say(uid, 1, "x"));
        for (query, size) in [("session_type=1", 20), ("session_type=1&size=500", 100)] {
            assert_eq!(talkers(&list(&mut sim, query)).len(), size);
        }
    }
}

//! Sessions that changed: `GET /session_svr/v1/session_svr/new_sessions`.

use std::cmp::Reverse;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    endpoints::session_svr::get_sessions::page_size,
    state::SessionView,
    time::UnixMicros,
    wire::SessionList,
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let begin = UnixMicros(call.request.query.number("begin_ts")?.unwrap_or(0));
    let size = page_size(&call.request.query)?;
    let moment = call.state.lagged(call.state.options.late_lists);
    let options = &call.state.options;
    let mut chance = call.state.chance.fork();
    let inclusive = options.inclusive_bounds.occurs(&mut chance);
    let with_older = options.older_sessions.occurs(&mut chance);

    let mut sessions: Vec<SessionView<'_>> = call
        .state
        .sessions_as_of(owner, moment)
        .filter(|view| !view.session.intercepted)
        .collect();
    sessions.sort_by_key(|view| Reverse((view.session_ts(), view.max_seqno())));
    let changed = sessions.partition_point(|view| {
        if inclusive {
            view.session_ts() >= begin
        } else {
            view.session_ts() > begin
        }
    });
    let count = if with_older { changed + 1 } else { changed };
    let page = sessions.iter().copied().take(count.min(size));
    Ok(Data::of(&SessionList::new(
        page,
        changed > size,
        call.state,
        &mut chance,
    )))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers, world};

    const PATH: &str = "/session_svr/v1/session_svr/new_sessions";

    fn sim(options: &str) -> Sim {
        Sim::new(world(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2}},{{"uid":3}},{{"uid":4}}],
                "messages":[{{"from":2,"to":1,"text":"x","seconds_ago":300}},
                            {{"from":3,"to":1,"text":"x","seconds_ago":200}},
                            {{"from":4,"to":1,"text":"x","seconds_ago":100}}],
                "options":{{{options}}}}}"#
        )))
    }

    #[test]
    fn changed_sessions_come_newest_first() {
        let mut sim = sim(r#""older_sessions":"never""#);
        let since = sim.now.0 - 250_000_000;
        let data = sim
            .get(1, &format!("{PATH}?begin_ts={since}&size=20"))
            .data();
        assert_eq!(talkers(&data), [4, 3]);
        assert_eq!(data["has_more"], 0);
        let now = sim.now.0;
        let data = sim.get(1, &format!("{PATH}?begin_ts={now}&size=20")).data();
        assert!(data["session_list"].is_null());
    }

    #[test]
    fn an_older_session_may_be_included() {
        let mut sim = sim(r#""older_sessions":"always""#);
        let since = sim.now.0 - 150_000_000;
        let data = sim
            .get(1, &format!("{PATH}?begin_ts={since}&size=20"))
            .data();
        assert_eq!(talkers(&data), [4, 3]);
    }

    #[test]
    fn a_session_of_exactly_that_time_is_included_or_not() {
        for (whim, expected) in [("always", vec![4, 3]), ("never", vec![4])] {
            let mut sim = sim(&format!(
                r#""older_sessions":"never","inclusive_bounds":"{whim}""#
            ));
            let since = sim.now.0 - 200_000_000;
            assert_eq!(
                talkers(&sim.get(1, &format!("{PATH}?begin_ts={since}")).data()),
                expected
            );
        }
    }

    #[test]
    fn with_more_than_a_page_only_has_more_is_set() {
        let mut sim = sim(r#""older_sessions":"never""#);
        let data = sim.get(1, &format!("{PATH}?begin_ts=0&size=2")).data();
        assert_eq!(talkers(&data), [4, 3]);
        assert_eq!(data["has_more"], 1);
    }
}

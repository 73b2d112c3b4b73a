//! Sessions that changed: `GET /session_svr/v1/session_svr/new_sessions`.

use std::cmp::Reverse;

use super::get_sessions::page_size;
use crate::{endpoints::prelude::*, state::SessionView, time::UnixMicros, wire::SessionList};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    let begin = UnixMicros(query.number("begin_ts")?.unwrap_or(0));
    let size = page_size(query)?;
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
        let time = view.session_ts();
        time > begin || (inclusive && time == begin)
    });
    let count = changed + usize::from(with_older);
    let page = sessions.iter().copied().take(count.min(size));
    let has_more = changed > size;
    Ok(Data::of(&SessionList::new(
        page,
        has_more,
        call.state,
        &mut chance,
    )))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers};

    #[test]
    fn changed_sessions_come_newest_first_and_perhaps_one_that_is_older() {
        for (options, seconds_ago, expected) in [
            (r#""older_sessions":"never""#, 250, vec![4, 3]),
            (r#""older_sessions":"never""#, 0, vec![]),
            (r#""older_sessions":"always""#, 150, vec![4, 3]),
            (
                r#""older_sessions":"never","inclusive_bounds":"always""#,
                200,
                vec![4, 3],
            ),
            (
                r#""older_sessions":"never","inclusive_bounds":"never""#,
                200,
                vec![4],
            ),
        ] {
            let mut sim = Sim::with_three_sessions(options);
            let since = sim.now.0 - seconds_ago * 1_000_000;
            let data = sim.data(1, &format!("new_sessions?begin_ts={since}&size=20"));
            assert_eq!(talkers(&data), expected, "{options} {seconds_ago}");
            assert_eq!(data["session_list"].is_null(), expected.is_empty());
            assert_eq!(data["has_more"], 0);
        }
    }

    #[test]
    fn with_more_than_a_page_only_has_more_is_set() {
        let mut sim = Sim::with_three_sessions(r#""older_sessions":"never""#);
        let data = sim.data(1, "new_sessions?begin_ts=0&size=2");
        assert_eq!(talkers(&data), [4, 3]);
        assert_eq!(data["has_more"], 1);
    }
}

//! Sessions that were read: `GET /session_svr/v1/session_svr/ack_sessions`.

use std::cmp::Reverse;

use crate::{endpoints::prelude::*, state::SessionView, time::UnixMicros, wire::SessionList};

/// Lists the sessions read since a time, the last read first.
pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    let begin = UnixMicros(query.number("begin_ts")?.unwrap_or(0));
    let mut chance = call.state.chance.fork();
    let mut read: Vec<SessionView<'_>> = call
        .state
        .sessions(owner)
        .filter(|view| view.session.ack_ts > begin)
        .collect();
    read.sort_by_key(|view| Reverse((view.session.ack_ts, view.max_seqno())));
    Ok(Data::of(&SessionList::new(
        read,
        false,
        call.state,
        &mut chance,
    )))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers};

    #[test]
    fn sessions_are_listed_that_were_read_since_a_time() {
        let mut sim = Sim::with_three_sessions("");
        let begin = sim.now.0;
        let path = format!("ack_sessions?begin_ts={begin}");
        assert!(sim.data(1, &path)["session_list"].is_null());
        for talker in [3, 2] {
            sim.pass(1);
            let form = format!("talker_id={talker}&session_type=1");
            sim.post(1, "update_ack", &form).data();
        }
        assert_eq!(talkers(&sim.data(1, &path)), [2, 3]);
        assert_eq!(sim.code(1, "ack_sessions?begin_ts=x"), -400);
    }
}

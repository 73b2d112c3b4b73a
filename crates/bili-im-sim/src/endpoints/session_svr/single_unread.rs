//! How much is unread: `GET /session_svr/v1/session_svr/single_unread`.

use serde::Serialize;

use crate::{
    endpoints::prelude::*,
    state::{SessionView, State},
};

/// The fields are in the order of the source document's example.
#[derive(Serialize)]
struct ClassicUnread {
    unfollow_unread: usize,
    follow_unread: usize,
    #[serde(rename = "_gt_")]
    gt: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnreadKind {
    Followed,
    Unfollowed,
    Dustbin,
}

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    let requested = match query.number("unread_type")?.unwrap_or(0) {
        0 => None,
        1 => Some(UnreadKind::Followed),
        2 => Some(UnreadKind::Unfollowed),
        3 => Some(UnreadKind::Dustbin),
        other => return Err(BAD_REQUEST.because(format!("unread_type {other} is not known"))),
    };
    let state = &*call.state;
    let count = |kind| -> usize {
        if requested.is_some_and(|requested| requested != kind) {
            return 0;
        }
        let sessions = state.sessions(owner);
        let counted = sessions.filter(|view| kind_of(state, view) == Some(kind));
        counted.map(|view| view.unread()).sum()
    };
    let unfollow_unread = count(UnreadKind::Unfollowed);
    let follow_unread = count(UnreadKind::Followed);
    if call.is_classic() {
        return Ok(Data::of(&ClassicUnread {
            unfollow_unread,
            follow_unread,
            gt: 0,
        }));
    }
    let show_dustbin = query.flag("show_dustbin");
    Ok(Data::of(&json!({
        "unfollow_unread": unfollow_unread,
        "follow_unread": follow_unread,
        "unfollow_push_msg": 0,
        "dustbin_push_msg": 0,
        "dustbin_unread": if show_dustbin { count(UnreadKind::Dustbin) } else { 0 },
        "biz_msg_unfollow_unread": 0,
        "biz_msg_follow_unread": 0,
        "custom_unread": 0,
    })))
}

/// The kind that a session counts for. Groups are not counted.
fn kind_of(state: &State, view: &SessionView<'_>) -> Option<UnreadKind> {
    let Talker::User(talker) = view.talker else {
        return None;
    };
    Some(if view.session.intercepted {
        UnreadKind::Dustbin
    } else if state.follows(view.owner, talker) || state.is_system(talker) {
        UnreadKind::Followed
    } else {
        UnreadKind::Unfollowed
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn followed_and_unfollowed_are_counted_apart_or_alone_and_groups_not_at_all() {
        let mut sim = Sim::demo();
        sim.say(10003, 10001, "在吗");
        for (unread_type, followed, unfollowed) in [(0, 2, 1), (1, 2, 0), (2, 0, 1), (3, 0, 0)] {
            let data = sim.data(10001, &format!("single_unread?unread_type={unread_type}"));
            assert_eq!(data["follow_unread"], followed, "{unread_type}");
            assert_eq!(data["unfollow_unread"], unfollowed, "{unread_type}");
            assert_eq!(data["dustbin_unread"], 0, "{unread_type}");
        }
        assert_eq!(sim.code(10001, "single_unread?unread_type=9"), -400);
    }

    #[test]
    fn intercepted_messages_are_counted_only_on_request() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1,"sessions":[{"talker":{"user":2},"intercepted":true}]},{"uid":2}],
                "messages":[{"from":2,"to":1,"text":"x"}]}"#,
        );
        for (query, counted) in [("", 0), ("?unread_type=0&show_dustbin=1", 1)] {
            let data = sim.data(1, &format!("single_unread{query}"));
            assert_eq!(data["dustbin_unread"], counted, "{query}");
            assert_eq!(data["unfollow_unread"], 0, "{query}");
        }
    }

    #[test]
    fn an_unknown_cookie_is_refused() {
        for cookie in ["", "SESSDATA=sim-9"] {
            let answer = Sim::demo().get_with_cookie(cookie, "single_unread");
            assert_eq!(answer.code(), -101, "{cookie}");
        }
    }

    #[test]
    fn the_source_document_gets_the_answer_it_shows() {
        for (cookie, answer) in [
            (
                "SESSDATA=xxx",
                r#"{"code":0,"msg":"ok","message":"ok","data":{"unfollow_unread":1,"follow_unread":6,"_gt_":0}}"#,
            ),
            ("", r#"{"code":-6,"message":"账号未登录"}"#),
        ] {
            let mut sim = Sim::classic_seed();
            assert_eq!(sim.get_with_cookie(cookie, "single_unread").text(), answer);
        }
    }
}

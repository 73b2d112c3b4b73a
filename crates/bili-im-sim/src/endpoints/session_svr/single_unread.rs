//! How much is unread: `GET /session_svr/v1/session_svr/single_unread`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    codes::BAD_REQUEST,
    ids::{Talker, Uid},
    state::{SessionView, State},
};

#[derive(Serialize)]
struct SingleUnread {
    unfollow_unread: usize,
    follow_unread: usize,
    unfollow_push_msg: usize,
    dustbin_push_msg: usize,
    dustbin_unread: usize,
    biz_msg_unfollow_unread: usize,
    biz_msg_follow_unread: usize,
    custom_unread: usize,
}

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

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let query = &call.request.query;
    let show_dustbin = query.flag("show_dustbin");
    let requested: &[UnreadKind] = match query.number("unread_type")?.unwrap_or(0) {
        0 => &[
            UnreadKind::Followed,
            UnreadKind::Unfollowed,
            UnreadKind::Dustbin,
        ],
        1 => &[UnreadKind::Followed],
        2 => &[UnreadKind::Unfollowed],
        3 => &[UnreadKind::Dustbin],
        other => return Err(BAD_REQUEST.because(format!("unread_type {other} is not known"))),
    };
    let state = &*call.state;
    let count = |kind| {
        if requested.contains(&kind) {
            unread(state, owner, kind)
        } else {
            0
        }
    };
    let (unfollow_unread, follow_unread) =
        (count(UnreadKind::Unfollowed), count(UnreadKind::Followed));
    if call.is_classic() {
        return Ok(Data::of(&ClassicUnread {
            unfollow_unread,
            follow_unread,
            gt: 0,
        }));
    }
    Ok(Data::of(&SingleUnread {
        unfollow_unread,
        follow_unread,
        unfollow_push_msg: 0,
        dustbin_push_msg: 0,
        dustbin_unread: if show_dustbin {
            count(UnreadKind::Dustbin)
        } else {
            0
        },
        biz_msg_unfollow_unread: 0,
        biz_msg_follow_unread: 0,
        custom_unread: 0,
    }))
}

fn unread(state: &State, owner: Uid, wanted: UnreadKind) -> usize {
    state
        .sessions(owner)
        .filter(|view| kind_of(state, view) == Some(wanted))
        .map(|view| view.unread())
        .sum()
}

/// The kind that a session counts for. Groups are not counted.
fn kind_of(state: &State, view: &SessionView<'_>) -> Option<UnreadKind> {
    let Talker::User(talker) = view.talker else {
        return None;
    };
    if view.session.intercepted {
        Some(UnreadKind::Dustbin)
    } else if state.follows(view.owner, talker) || state.is_system(talker) {
        Some(UnreadKind::Followed)
    } else {
        Some(UnreadKind::Unfollowed)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, world};

    const PATH: &str = "/session_svr/v1/session_svr/single_unread";

    #[test]
    fn followed_and_unfollowed_are_counted_apart_and_groups_not_at_all() {
        let mut sim = Sim::demo();
        sim.say(10003, 10001, "在吗");
        let data = sim.get(10001, PATH).data();
        assert_eq!(data["follow_unread"], 2);
        assert_eq!(data["unfollow_unread"], 1);
        assert_eq!(data["dustbin_unread"], 0);
    }

    #[test]
    fn a_single_kind_can_be_requested() {
        let mut sim = Sim::demo();
        sim.say(10003, 10001, "在吗");
        let followed = sim.get(10001, &format!("{PATH}?unread_type=1")).data();
        assert_eq!(
            (&followed["follow_unread"], &followed["unfollow_unread"]),
            (&2.into(), &0.into())
        );
        let unfollowed = sim.get(10001, &format!("{PATH}?unread_type=2")).data();
        assert_eq!(
            (&unfollowed["follow_unread"], &unfollowed["unfollow_unread"]),
            (&0.into(), &1.into())
        );
        assert_eq!(
            sim.get(10001, &format!("{PATH}?unread_type=9")).code(),
            -400
        );
    }

    #[test]
    fn intercepted_messages_are_counted_only_on_request() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1,"sessions":[{"talker":{"user":2},"intercepted":true}]},{"uid":2}],
                "messages":[{"from":2,"to":1,"text":"x"}]}"#,
        ));
        assert_eq!(sim.get(1, PATH).data()["dustbin_unread"], 0);
        let data = sim
            .get(1, &format!("{PATH}?unread_type=0&show_dustbin=1"))
            .data();
        assert_eq!(data["dustbin_unread"], 1);
        assert_eq!(data["unfollow_unread"], 0);
    }

    #[test]
    fn an_unknown_cookie_is_refused() {
        let mut sim = Sim::demo();
        assert_eq!(sim.get_logged_out(PATH).code(), -101);
        assert_eq!(sim.get_with_cookie("SESSDATA=sim-9", PATH).code(), -101);
    }

    #[test]
    fn the_source_document_gets_the_answer_it_shows() {
        let mut sim = Sim::classic_seed();
        assert_eq!(
            sim.get_with_cookie("SESSDATA=xxx", PATH).text(),
            r#"{"code":0,"msg":"ok","message":"ok","data":{"unfollow_unread":1,"follow_unread":6,"_gt_":0}}"#
        );
        assert_eq!(
            sim.get_logged_out(PATH).text(),
            r#"{"code":-6,"message":"账号未登录"}"#
        );
    }
}

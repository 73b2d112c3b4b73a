//! The relation to a user: `GET /link_setting/v1/link_setting/get_session_ss`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    ids::{Talker, Uid},
    state::State,
};

#[derive(Serialize)]
struct SessionSs {
    follow_status: u8,
    special: u8,
    push_setting: u8,
    show_push_setting: u8,
}

const NONE: u8 = 0;
const FOLLOWS: u8 = 2;
const MUTUAL: u8 = 6;
const BLOCKED: u8 = 128;

/// Whether `uid` follows or blocks `owner`, not the other way round (docs/protocol.md §10).
fn follow_status(state: &State, owner: Uid, uid: Uid) -> Result<u8, Refusal> {
    Ok(if state.user(uid)?.blocks.contains(&owner) {
        BLOCKED
    } else if !state.follows(uid, owner) {
        NONE
    } else if state.follows(owner, uid) {
        MUTUAL
    } else {
        FOLLOWS
    })
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let uid = Uid(call.request.query.required_number("talker_uid")?);
    let state = &*call.state;
    let settings = state.settings(owner, Talker::User(uid));
    Ok(Data::of(&SessionSs {
        follow_status: follow_status(state, owner, uid)?,
        special: 0,
        push_setting: settings.is_some_and(|session| session.pushes_off).into(),
        show_push_setting: state.follows(owner, uid).into(),
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, world};

    const PATH: &str = "/link_setting/v1/link_setting/get_session_ss";

    #[test]
    fn the_status_says_how_the_other_user_relates_to_the_owner() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1,"follows":[2,3]},{"uid":2},{"uid":3,"follows":[1]},
                            {"uid":4,"follows":[1]},{"uid":5,"blocks":[1]}]}"#,
        ));
        for (uid, status) in [(2, 0), (3, 6), (4, 2), (5, 128)] {
            let data = sim.get(1, &format!("{PATH}?talker_uid={uid}")).data();
            assert_eq!(data["follow_status"], status, "{uid}");
        }
        assert_eq!(sim.get(1, &format!("{PATH}?talker_uid=9")).code(), -404);
        assert_eq!(sim.get(1, PATH).code(), -400);
    }
}

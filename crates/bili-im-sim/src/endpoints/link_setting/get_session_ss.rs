//! The relation to a user: `GET /link_setting/v1/link_setting/get_session_ss`.

use crate::{endpoints::prelude::*, state::State};

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

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    let uid = Uid(query.required_number("talker_uid")?);
    let settings = call.state.settings(owner, Talker::User(uid));
    Ok(Data::of(&json!({
        "follow_status": follow_status(call.state, owner, uid)?,
        "special": 0,
        "push_setting": u8::from(settings.is_some_and(|session| session.pushes_off)),
        "show_push_setting": u8::from(call.state.follows(owner, uid)),
    })))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn the_status_says_how_the_other_user_relates_to_the_owner() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1,"follows":[2,3]},{"uid":2},{"uid":3,"follows":[1]},
                            {"uid":4,"follows":[1]},{"uid":5,"blocks":[1]}]}"#,
        );
        for (uid, status) in [(2, 0), (3, 6), (4, 2), (5, 128)] {
            let data = sim.data(1, &format!("get_session_ss?talker_uid={uid}"));
            assert_eq!(data["follow_status"], status, "{uid}");
        }
        let refused = [
            ("get_session_ss?talker_uid=9", -404),
            ("get_session_ss", -400),
        ];
        sim.check_codes(1, &refused);
    }
}

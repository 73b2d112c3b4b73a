//! Which sessions are muted: `GET /link_setting/v1/link_setting/get_msg_dnd`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    codes::BAD_REQUEST,
    ids::{GroupId, Talker, Uid},
};

#[derive(Serialize)]
struct MsgDnd {
    uid_settings: Option<[DndSetting; 1]>,
    group_settings: Option<[DndSetting; 1]>,
}

#[derive(Serialize)]
struct DndSetting {
    id: u64,
    setting: u8,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let query = &call.request.query;
    query.check_own("own_uid", owner)?;
    let user = query.number("uids")?.map(Uid).map(Talker::User);
    let group = query.number("group_ids")?.map(GroupId).map(Talker::Group);
    if user.is_none() && group.is_none() {
        return Err(BAD_REQUEST.because("uids or group_ids is needed"));
    }
    let setting_of = |talker: Talker| {
        let settings = call.state.settings(owner, talker);
        [DndSetting {
            id: talker.id(),
            setting: settings.is_some_and(|session| session.muted).into(),
        }]
    };
    Ok(Data::of(&MsgDnd {
        uid_settings: user.map(setting_of),
        group_settings: group.map(setting_of),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    const PATH: &str = "/link_setting/v1/link_setting/get_msg_dnd";

    #[test]
    fn users_and_groups_can_be_requested_alone_or_together() {
        let mut sim = Sim::demo();
        let mut get = |query: &str| {
            sim.get(10001, &format!("{PATH}?own_uid=10001&{query}"))
                .data()
        };
        let not_muted = |id: u64| json!([{ "id": id, "setting": 0 }]);
        assert_eq!(
            get("uids=10002"),
            json!({ "uid_settings": not_muted(10002), "group_settings": null })
        );
        assert_eq!(
            get("group_ids=20001"),
            json!({ "uid_settings": null, "group_settings": not_muted(20001) })
        );
        assert_eq!(
            get("uids=10002&group_ids=20001"),
            json!({ "uid_settings": not_muted(10002), "group_settings": not_muted(20001) })
        );
    }

    #[test]
    fn the_own_uid_and_one_user_or_group_are_required() {
        let mut sim = Sim::demo();
        for query in [
            "own_uid=10001",
            "own_uid=10002&uids=10001",
            "uids=10002",
            "own_uid=10001&uids=10002,10003",
        ] {
            assert_eq!(
                sim.get(10001, &format!("{PATH}?{query}")).code(),
                -400,
                "{query}"
            );
        }
    }
}

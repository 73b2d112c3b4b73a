//! Which sessions are muted: `GET /link_setting/v1/link_setting/get_msg_dnd`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    query.check_own("own_uid", owner)?;
    let user = query.number("uids")?.map(Uid).map(Talker::User);
    let group = query.number("group_ids")?.map(GroupId).map(Talker::Group);
    if user.is_none() && group.is_none() {
        return Err(BAD_REQUEST.because("uids or group_ids is needed"));
    }
    let setting_of = |talker: Talker| {
        let settings = call.state.settings(owner, talker);
        let muted = settings.is_some_and(|session| session.muted);
        json!([{ "id": talker.id(), "setting": u8::from(muted) }])
    };
    Ok(Data::of(&json!({
        "uid_settings": user.map(setting_of),
        "group_settings": group.map(setting_of),
    })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    #[test]
    fn users_and_groups_can_be_requested_alone_or_together() {
        let mut sim = Sim::demo();
        let user = json!([{ "id": 10002, "setting": 0 }]);
        let group = json!([{ "id": 20001, "setting": 0 }]);
        for (query, uid_settings, group_settings) in [
            ("uids=10002", &user, &json!(null)),
            ("group_ids=20001", &json!(null), &group),
            ("uids=10002&group_ids=20001", &user, &group),
        ] {
            assert_eq!(
                sim.data(10001, &format!("get_msg_dnd?own_uid=10001&{query}")),
                json!({ "uid_settings": uid_settings, "group_settings": group_settings })
            );
        }
    }

    #[test]
    fn the_own_uid_and_one_user_or_group_are_required() {
        let refused = [
            ("get_msg_dnd?own_uid=10001", -400),
            ("get_msg_dnd?own_uid=10002&uids=10001", -400),
            ("get_msg_dnd?uids=10002", -400),
            ("get_msg_dnd?own_uid=10001&uids=10002,10003", -400),
        ];
        Sim::demo().check_codes(10001, &refused);
    }
}

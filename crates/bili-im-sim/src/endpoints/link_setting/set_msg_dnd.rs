//! Mute or unmute a session: `POST /link_setting/v1/link_setting/set_msg_dnd`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    form.check_own("uid", owner)?;
    let muted = form.required_switch("setting")?;
    let user = form.number("dnd_uid")?.map(Uid);
    let group = form.number("dnd_group_id")?.map(GroupId);
    let talker = match (user, group) {
        (Some(uid), None) => Talker::User(call.state.user(uid)?.uid),
        (None, Some(group)) => Talker::Group(call.state.joined(owner, group)?.id),
        _ => return Err(BAD_REQUEST.because("exactly one of dnd_uid and dnd_group_id is needed")),
    };
    call.state.settings_mut(owner, talker).muted = muted;
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    fn set(sim: &mut Sim, owner: u64, fields: &str) -> i64 {
        let form = format!("uid={owner}&{fields}");
        sim.post(owner, "set_msg_dnd", &form).code()
    }

    #[test]
    fn a_muted_session_stays_in_its_list_with_its_unread_count() {
        let mut sim = Sim::demo();
        for muted in [1, 0] {
            let fields = format!("setting={muted}&dnd_uid=10002");
            assert_eq!(set(&mut sim, 10001, &fields), 0);
            let data = sim.data(10001, "get_msg_dnd?own_uid=10001&uids=10002");
            assert_eq!(data["uid_settings"][0]["setting"], muted);
            let session = sim.session(10001, 10002);
            assert_eq!(
                (&session["is_dnd"], &session["unread_count"]),
                (&muted.into(), &2.into())
            );
            assert_eq!(sim.listed(10001, 1), [10002]);
        }
    }

    #[test]
    fn a_group_is_muted_by_its_members_alone() {
        let mut sim = Sim::demo();
        assert_eq!(set(&mut sim, 10001, "setting=1&dnd_group_id=20001"), 0);
        let data = sim.data(
            10001,
            "get_msg_dnd?own_uid=10001&group_ids=20001&uids=20001",
        );
        assert_eq!(data["group_settings"][0]["setting"], 1);
        assert_eq!(data["uid_settings"][0]["setting"], 0);
        assert_eq!(set(&mut sim, 10001, "setting=1&dnd_group_id=9"), 700_013);
        assert_eq!(
            set(&mut sim, 10003, "setting=1&dnd_group_id=20001"),
            700_014
        );
    }

    #[test]
    fn exactly_one_existing_talker_is_muted_or_unmuted() {
        let mut sim = Sim::demo();
        for (form, code) in [
            ("uid=10001&setting=1&dnd_uid=9", -404),
            ("uid=10001&setting=2&dnd_uid=10002", -400),
            ("uid=10001&setting=1", -400),
            ("uid=10002&setting=1&dnd_uid=10002", -400),
        ] {
            assert_eq!(sim.post(10001, "set_msg_dnd", form).code(), code, "{form}");
        }
    }
}

//! Mute or unmute a session: `POST /link_setting/v1/link_setting/set_msg_dnd`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::Call,
    codes::BAD_REQUEST,
    ids::{GroupId, Talker, Uid},
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let form = call.form()?;
    form.check_own("uid", owner)?;
    let muted = form.required_switch("setting")?;
    let user = form.number("dnd_uid")?.map(Uid);
    let group = form.number("dnd_group_id")?.map(GroupId);
    let talker = match (user, group) {
        (Some(uid), None) => {
            call.state.user(uid)?;
            Talker::User(uid)
        }
        (None, Some(group)) => {
            call.state.joined(owner, group)?;
            Talker::Group(group)
        }
        _ => return Err(BAD_REQUEST.because("exactly one of dnd_uid and dnd_group_id is needed")),
    };
    call.state.settings_mut(owner, talker).muted = muted;
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers};

    fn set(sim: &mut Sim, whom: (&str, &str), setting: &str) -> i64 {
        let form = [("uid", "10001"), ("setting", setting), whom];
        sim.post(10001, "/link_setting/v1/link_setting/set_msg_dnd", &form)
            .code()
    }

    fn is_muted(sim: &mut Sim, query: &str, field: &str) -> u64 {
        let path = format!("/link_setting/v1/link_setting/get_msg_dnd?own_uid=10001&{query}");
        sim.get(10001, &path).data()[field][0]["setting"]
            .as_u64()
            .unwrap()
    }

    #[test]
    fn a_muted_session_stays_in_its_list_with_its_unread_count() {
        let mut sim = Sim::demo();
        assert_eq!(set(&mut sim, ("dnd_uid", "10002"), "1"), 0);
        assert_eq!(is_muted(&mut sim, "uids=10002", "uid_settings"), 1);
        let session = sim.session(10001, 10002);
        assert_eq!(
            (&session["is_dnd"], &session["unread_count"]),
            (&1.into(), &2.into())
        );
        let list = "/session_svr/v1/session_svr/get_sessions?session_type=1";
        assert_eq!(talkers(&sim.get(10001, list).data()), [10002]);
        assert_eq!(set(&mut sim, ("dnd_uid", "10002"), "0"), 0);
        assert_eq!(sim.session(10001, 10002)["is_dnd"], 0);
    }

    #[test]
    fn a_group_is_muted_by_its_members_alone() {
        let mut sim = Sim::demo();
        assert_eq!(set(&mut sim, ("dnd_group_id", "20001"), "1"), 0);
        assert_eq!(is_muted(&mut sim, "group_ids=20001", "group_settings"), 1);
        assert_eq!(is_muted(&mut sim, "uids=20001", "uid_settings"), 0);
        assert_eq!(set(&mut sim, ("dnd_group_id", "9"), "1"), 700_013);
        let form = [
            ("uid", "10003"),
            ("setting", "1"),
            ("dnd_group_id", "20001"),
        ];
        let answer = sim.post(10003, "/link_setting/v1/link_setting/set_msg_dnd", &form);
        assert_eq!(answer.code(), 700_014);
    }

    #[test]
    fn exactly_one_existing_talker_is_muted_or_unmuted() {
        let mut sim = Sim::demo();
        assert_eq!(set(&mut sim, ("dnd_uid", "9"), "1"), -404);
        assert_eq!(set(&mut sim, ("dnd_uid", "10002"), "2"), -400);
        assert_eq!(set(&mut sim, ("nobody", ""), "1"), -400);
        let form = [("uid", "10002"), ("setting", "1"), ("dnd_uid", "10002")];
        let answer = sim.post(10001, "/link_setting/v1/link_setting/set_msg_dnd", &form);
        assert_eq!(answer.code(), -400);
    }
}

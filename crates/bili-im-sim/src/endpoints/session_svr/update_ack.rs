//! Mark a session as read: `POST /session_svr/v1/session_svr/update_ack`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::{Call, talker},
    ids::Seqno,
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let form = call.form()?;
    let talker = talker(&form)?;
    let upto = form.number("ack_seqno")?.map(Seqno);
    call.state.acknowledge(owner, talker, upto, call.now)?;
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    const PATH: &str = "/session_svr/v1/session_svr/update_ack";

    fn unread(sim: &mut Sim) -> u64 {
        sim.get(10001, "/session_svr/v1/session_svr/single_unread")
            .data()["follow_unread"]
            .as_u64()
            .unwrap()
    }

    #[test]
    fn without_a_message_the_whole_session_is_marked_read() {
        let mut sim = Sim::demo();
        assert_eq!(unread(&mut sim), 2);
        let answer = sim.post(
            10001,
            PATH,
            &[("talker_id", "10002"), ("session_type", "1")],
        );
        assert_eq!(answer.code(), 0);
        assert_eq!(unread(&mut sim), 0);
    }

    #[test]
    fn reading_goes_up_to_a_message_and_never_back() {
        let mut sim = Sim::demo();
        let newest = sim.session(10001, 10002)["max_seqno"].as_u64().unwrap();
        let upto = |sim: &mut Sim, seqno: u64| {
            let form = [
                ("talker_id", "10002"),
                ("session_type", "1"),
                ("ack_seqno", &seqno.to_string()),
            ];
            sim.post(10001, PATH, &form).code()
        };
        assert_eq!(upto(&mut sim, newest - 1), 0);
        assert_eq!(unread(&mut sim), 1);
        assert_eq!(upto(&mut sim, newest), 0);
        assert_eq!(upto(&mut sim, 1), 0);
        assert_eq!(unread(&mut sim), 0);
    }

    #[test]
    fn it_needs_both_csrf_fields_a_form_and_a_session() {
        let mut sim = Sim::demo();
        let good = "talker_id=10002&session_type=1&csrf=00000000000000000000000000010001";
        assert_eq!(sim.post_raw(10001, PATH, good).code(), -111);
        let both = format!("{good}&csrf_token=00000000000000000000000000010001");
        assert_eq!(sim.post_raw(10001, PATH, &both).code(), 0);
        let wrong = both.replace("token=0000", "token=1111");
        assert_eq!(sim.post_raw(10001, PATH, &wrong).code(), -111);
        assert_eq!(
            sim.post_as("application/json", 10001, PATH, &both).code(),
            -400
        );
        let nobody = sim.post(
            10001,
            PATH,
            &[("talker_id", "10003"), ("session_type", "1")],
        );
        assert_eq!(nobody.code(), 1_000_004);
    }
}

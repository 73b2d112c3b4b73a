//! Mark a session as read: `POST /session_svr/v1/session_svr/update_ack`.
//!
//! A GET with the same fields in the query does it too, without a CSRF token, unless the mode is
//! strict.

use http::Method;

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = if call.request.method == Method::POST {
        call.form()?
    } else if call.is_strict() {
        return Err(BAD_REQUEST.because("update_ack is not a POST"));
    } else {
        (call.owner()?, call.request.query.clone())
    };
    let talker = talker(&form)?;
    let upto = form.number("ack_seqno")?.map(Seqno);
    call.state.acknowledge(owner, talker, upto, call.now)?;
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::{
        testing::Sim,
        world::{Mode, World},
    };

    const FRIEND: &str = "talker_id=10002&session_type=1";

    #[test]
    fn reading_goes_up_to_a_message_and_never_back() {
        let mut sim = Sim::demo();
        let newest = sim.session(10001, 10002)["max_seqno"].as_u64().unwrap();
        for (upto, unread) in [(newest - 1, 1), (newest, 0), (1, 0)] {
            let form = format!("{FRIEND}&ack_seqno={upto}");
            sim.post(10001, "update_ack", &form).data();
            assert_eq!(sim.unread(10001), unread);
        }
    }

    #[test]
    fn a_get_reads_too_unless_the_mode_is_strict() {
        for (mode, code, unread) in [(Mode::Lenient, 0, 0), (Mode::Strict, -400, 2)] {
            let mut sim = Sim::new(World::demo().in_mode(mode));
            let path = format!("update_ack?{FRIEND}");
            assert_eq!(sim.code(10001, &path), code);
            assert_eq!(sim.unread(10001), unread);
        }
    }

    #[test]
    fn in_strict_mode_it_needs_both_csrf_fields_a_form_and_a_session() {
        let mut sim = Sim::strict();
        let one = format!("{FRIEND}&csrf={}", sim.csrf(10001));
        let both = format!("{one}&csrf_token={}", sim.csrf(10001));
        let wrong = both.replace("token=0000", "token=1111");
        let nobody = both.replace("10002", "10003");
        let form = "application/x-www-form-urlencoded";
        for (content_type, body, code) in [
            (form, &one, -111),
            (form, &both, 0),
            (form, &wrong, -111),
            (form, &nobody, 1_000_004),
            ("application/json", &both, -400),
        ] {
            let cookie = sim.cookie(10001);
            let answer = sim.post_body(content_type, &cookie, "update_ack", body.as_bytes());
            assert_eq!(answer.code(), code, "{content_type} {body}");
        }
    }
}

//! Clocks that are wrong, or that their owner sets.

use bili_im_proto::{Confirmation, Error};
use bili_im_sim::faults::{Kind, Rule, When};
use bili_im_tests::{Timeline, local_account};

use crate::{
    by_hand::{MINUTE, START, fetch, is_signed_on, send, unpaced, unread, well, well_at_start},
    simulated::{FRIEND, login, prepared, text, written},
};

#[test]
fn a_wrong_clock_is_corrected_by_the_date_of_any_answer() {
    for (local, service) in [(START - 3600, START), (START + 86_400, START)] {
        let account = unpaced();
        let mut time = Timeline::new(local);
        send(&account, &mut time, well_at_start).unwrap();
        let sends = time.calls("send_msg");
        let wts = sends[0].wts().unwrap();
        assert!(wts.abs_diff(service) <= 2, "{wts}");
        let timestamp = sends[0].field("msg[timestamp]").unwrap();
        assert_eq!(timestamp, wts.to_string());
        assert!(is_signed_on(sends[0], 1));
    }
}

#[test]
fn an_unsigned_answer_corrects_the_clock_too() {
    let account = unpaced();
    let mut time = Timeline::new(START + 5000);
    unread(&account, &mut time, well_at_start).unwrap();
    time.advance(MINUTE);
    fetch(&account, &mut time, well(1)).unwrap();
    let wts = time.calls("fetch_session_msgs")[0].wts().unwrap();
    assert!(wts.abs_diff(START + 60) <= 2, "{wts}");
}

#[test]
fn a_jump_of_the_wall_clock_hides_no_message() {
    for jump in [-3600, -60, 60, 300, 3600] {
        let (mut stage, account, ticket) = prepared();
        // The machine's clock is set. The service's clock stays right.
        stage.time.turn_wall_clock(jump);
        stage.service.skew_clock(-jump);
        let rule = Rule::new("send_msg", When::First(2), Kind::BreakOff).after_effect();
        stage.fault(rule);
        let sent = stage.run(account.send(FRIEND, text("ho")));
        match written(&stage, "ho")[..] {
            [key] => assert_eq!(sent.unwrap().msg_key, key, "{jump}"),
            // The signature was stale, and the refusal was lost.
            [] => assert!(
                matches!(sent, Err(Error::Unconfirmed(_))),
                "{jump}: {sent:?}"
            ),
            _ => panic!("sent twice"),
        }
        stage.service.clear_faults();
        let sent = stage.run(account.send_ticket(ticket.clone())).unwrap();
        let other = local_account(login(), 2).build();
        let found = stage.run(other.confirm(ticket)).unwrap();
        assert_eq!(found, Confirmation::Sent(sent.msg_key), "{jump}");
    }
}

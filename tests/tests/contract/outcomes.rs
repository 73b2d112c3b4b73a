//! What a flow reports is true, whatever the service does.

use bili_im_proto::{Effect, Error, MsgKey, RefusalKind};
use bili_im_tests::{
    OWN_UID, Seen, Timeline,
    answers::{self, MSG_KEY},
    codes::kind_of,
    plain,
};
use proptest::{collection::vec, prelude::*};

use crate::{
    config,
    service::{Move, START, Service, TEXT, a_move, new_account, send},
};

/// The day whose key a request is signed with.
fn signed_on(seen: &Seen) -> u8 {
    (0..16)
        .find(|&day| plain::is_signed_with(seen.query(), &answers::mixin_key(day)))
        .unwrap_or_else(|| panic!("not signed: {}", seen.query()))
}

/// How far the clock that a request was signed by was ahead of the local one, in seconds.
fn ahead(seen: &Seen) -> i64 {
    let wts = i64::try_from(seen.wts().unwrap()).unwrap();
    wts - i64::try_from(seen.at.unix.seconds().0).unwrap()
}

/// The kind that a refusal must be reported as; `None` for what is no refusal.
fn kind(refused: &Move) -> Option<RefusalKind> {
    Some(match refused {
        Move::Stale { way, .. } => match way {
            0..=2 => RefusalKind::RiskControl,
            3 => RefusalKind::Forbidden,
            _ => RefusalKind::BadRequest,
        },
        Move::Status { status: 401, .. } => RefusalKind::NotLoggedIn,
        Move::Status { status: 412, .. } => RefusalKind::RiskControl,
        Move::Status { .. } => RefusalKind::RateLimited,
        Move::Refused(code) => kind_of(*code),
        _ => return None,
    })
}

proptest! {
    #![proptest_config(config(1500))]

    /// Whatever the service does with a send:
    ///
    /// - it goes out at most once; once more only when it was refused as stale signatures are, and
    ///   then signed with other keys or by another clock
    /// - what the service stored once is never stored twice, and never reported as failed
    /// - an unknown outcome ends in `Unconfirmed`, unless the message is found; it is never found
    ///   when it was not stored, though the same words stand in the session
    /// - a refusal is reported as it is, and so is a request that never left
    #[test]
    fn a_send_is_made_once_and_its_outcome_told(moves in vec(a_move(), 0..9), paced: bool) {
        let account = new_account(paced);
        let mut service = Service::new(moves);
        let mut time = Timeline::new(START);
        let result = time.run(send(&account), |seen: &Seen| service.answer(seen));

        let writes = &service.writes;
        prop_assert!(writes.len() <= 2, "sent {} times", writes.len());
        prop_assert!(service.stored <= 1, "stored {} times", service.stored);
        if let [(first, one), (_, two)] = &writes[..] {
            prop_assert!(matches!(first, Move::Stale { .. }), "repeated after {:?}", first);
            let other_keys = signed_on(one) != signed_on(two);
            let other_clock = ahead(one).abs_diff(ahead(two)) > 1;
            prop_assert!(other_keys || other_clock, "repeated with the same signature");
        }
        for seen in &time.seen {
            let effect = match seen.endpoint() {
                "send_msg" => Effect::Once,
                "nav" | "fetch_session_msgs" => Effect::Read,
                other => panic!("{other} is called"),
            };
            prop_assert_eq!(seen.effect, effect);
        }
        for (_, seen) in writes {
            prop_assert_eq!(seen.field("msg[content]"), Some(format!("{{\"content\":\"{TEXT}\"}}")));
            prop_assert_eq!(seen.field("msg[sender_uid]"), Some(OWN_UID.to_string()));
            signed_on(seen);
        }
        let last = writes.last().map(|(last, _)| last);
        match (&result, last) {
            (Ok(sent), Some(Move::Well | Move::WellAt(_) | Move::Unknown { did: true, .. })) => {
                prop_assert_eq!(sent.msg_key, MsgKey(MSG_KEY));
            }
            (Err(Error::Unconfirmed(_)), Some(Move::Unknown { .. })) => {}
            (Err(error), None) => {
                prop_assert!(!matches!(error, Error::Unconfirmed(_) | Error::Finished), "{}", error);
            }
            (Err(error), Some(refused)) if kind(refused).is_some() => {
                prop_assert_eq!(error.kind(), kind(refused), "{}", error);
                prop_assert!(error.took_no_effect());
            }
            (Err(error), Some(Move::NotSent { .. })) => {
                prop_assert!(error.took_no_effect(), "{:?}", error);
            }
            _ => prop_assert!(false, "{:?} after {:?}", result, last),
        }
        if let Err(error) = &result {
            prop_assert!(service.stored == 0 || matches!(error, Error::Unconfirmed(_)));
        }
    }
}

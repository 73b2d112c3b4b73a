//! What a flow reports is true, whatever the service does.

use bili_im_proto::{
    Effect, Error, FetchSessionMsgs, MsgKey, RefusalKind, SingleUnread, Text, Uid,
};
use bili_im_tests::{
    OWN_UID, Seen, Timeline,
    answers::{self, MSG_KEY},
    plain,
};
use proptest::{collection::vec, prelude::*};

use crate::{
    config,
    service::{Move, PEER, START, Service, TEXT, a_move, new_account, send},
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
        Move::Refused(code) => match code {
            -101 => RefusalKind::NotLoggedIn,
            -102 => RefusalKind::AccountBanned,
            -111 => RefusalKind::Csrf,
            -404 => RefusalKind::NotFound,
            -412 => RefusalKind::RiskControl,
            -509 | -799 | 21020 | 21046 => RefusalKind::RateLimited,
            2 => RefusalKind::BadRequest,
            -3 | -112 => RefusalKind::Service,
            21007 => RefusalKind::TooLong,
            21026 => RefusalKind::ToSelf,
            21037 => RefusalKind::BadImage,
            21041 => RefusalKind::RecallExpired,
            21042 => RefusalKind::AlreadyRecalled,
            21047 => RefusalKind::StrangerLimit,
            25003 => RefusalKind::RefusedByReceiver,
            25005 => RefusalKind::Blocked,
            700_013 => RefusalKind::GroupGone,
            _ => RefusalKind::Other,
        },
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

    /// A recall, which may be repeated, succeeds exactly when the service did it or says that
    /// an earlier try of it did; it is never `Unconfirmed`.
    #[test]
    fn a_recall_is_told_as_it_came_out(moves in vec(a_move(), 0..9), paced: bool) {
        let account = new_account(paced);
        let mut service = Service::new(moves);
        let mut time = Timeline::new(START);
        let recall = account.recall(Uid(PEER), MsgKey(MSG_KEY));
        let result = time.run(recall, |seen: &Seen| service.answer(seen));
        let (last, before) = match &service.writes[..] {
            [before @ .., (last, _)] => (Some(last), before),
            [] => (None, &[][..]),
        };
        let was_unknown = before.iter().any(|(earlier, _)| matches!(earlier, Move::Unknown { .. }));
        let good = match last {
            Some(Move::Well | Move::WellAt(_)) => true,
            Some(Move::Refused(21042)) => was_unknown,
            _ => false,
        };
        prop_assert_eq!(result.is_ok(), good, "{:?} after {:?}", result, last);
        prop_assert!(!matches!(result, Err(Error::Unconfirmed(_))));
        if let (Err(error), Some(kind)) = (&result, last.and_then(kind)) {
            prop_assert_eq!(error.kind(), Some(kind));
        }
        for (tried, _) in before {
            let may_repeat = matches!(tried, Move::Stale { .. } | Move::Unknown { .. });
            prop_assert!(may_repeat, "repeated after {:?}", tried);
        }
        for (_, seen) in &service.writes {
            prop_assert_eq!(seen.field("msg[content]"), Some(MSG_KEY.to_string()));
            prop_assert_eq!(seen.effect, Effect::Idempotent);
        }
    }

    /// A read succeeds exactly when its last answer was a good one, and a failed one is never
    /// told as a message that may have been sent.
    #[test]
    fn a_read_is_told_as_it_came_out(moves in vec(a_move(), 0..9), which in 0..3u8, paced: bool) {
        let account = new_account(paced);
        let mut service = Service::new(moves);
        let mut time = Timeline::new(START);
        let result = match which {
            0 => time.run(account.call(SingleUnread::new()), |seen: &Seen| service.answer(seen)).map(drop),
            1 => {
                let page = FetchSessionMsgs::new(Uid(PEER));
                time.run(account.call(page), |seen: &Seen| service.answer(seen)).map(drop)
            }
            _ => time.run(account.profile(), |seen: &Seen| service.answer(seen)).map(drop),
        };
        let own = ["single_unread", "fetch_session_msgs", "nav"].get(usize::from(which)).copied();
        let asked = time.seen.last().map(Seen::endpoint) == own;
        let good = asked && matches!(service.last, Some(Move::Well | Move::WellAt(_)));
        prop_assert_eq!(result.is_ok(), good, "{:?} after {:?}", result, service.last);
        prop_assert!(!matches!(result, Err(Error::Unconfirmed(_) | Error::Finished)));
        prop_assert_eq!(service.stored, 0);
    }
    /// Preparing a ticket and confirming it send nothing.
    #[test]
    fn a_ticket_is_prepared_and_confirmed_without_a_send(moves in vec(a_move(), 0..9), paced: bool) {
        let account = new_account(paced);
        let prepare = || account.prepare_send(Uid(PEER), Text::new(TEXT).unwrap());
        let mut time = Timeline::new(START);
        let mut well = Service::new(Vec::new());
        let ticket = time.run(prepare(), |seen: &Seen| well.answer(seen)).unwrap();
        let mut service = Service::new(moves);
        let _ = time.run(account.confirm(ticket), |seen: &Seen| service.answer(seen));
        let _ = time.run(prepare(), |seen: &Seen| service.answer(seen));
        prop_assert_eq!(service.writes.len(), 0);
        prop_assert!(time.seen.iter().all(|seen| seen.effect == Effect::Read));
    }
}

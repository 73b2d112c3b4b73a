//! A service that does what a list of moves says, and what it was asked for.

use std::{
    convert::Infallible,
    time::{Duration, UNIX_EPOCH},
};

use bili_im_proto::{
    Account, Failure, Flow, Input, Pacing, Sent, SentMessage, Text, Uid,
    http::{Response, response::Parts},
};
use bili_im_tests::{
    Seen, account,
    answers::{self, MSG_KEY},
};
use httpdate::fmt_http_date;
use proptest::{prelude::*, sample::select};

pub(crate) const START: u64 = 1_700_000_000;

pub(crate) const PEER: u64 = 1;

pub(crate) const TEXT: &str = "hi [doge]";

/// What the service does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    /// It does as asked.
    Well,
    /// It does as asked; its clock is some seconds ahead.
    WellAt(i64),
    /// It refuses as it does stale signatures, after taking new keys or not.
    Stale { way: usize, new_keys: bool },
    /// It refuses with a business code.
    Refused(i64),
    /// It refuses with an HTTP status. The body may be lost.
    Status { status: u16, is_whole: bool },
    /// The answer does not show whether it did as asked.
    Unknown { way: usize, did: bool },
    /// The request never left.
    NotSent { head: Option<u16> },
}

/// How many ways [`Move::Unknown`] has.
const UNKNOWN: usize = 15;

pub(crate) fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        5 => Just(Move::Well),
        1 => (-4000..4000i64).prop_map(Move::WellAt),
        3 => (0..5usize, any::<bool>()).prop_map(|(way, new_keys)| Move::Stale { way, new_keys }),
        2 => select(vec![
            -101i64, -111, -404, -412, -509, -799, 2, 21007, 21020, 21026, 21037, 21041, 21042,
            21046, 21047, 25003, 25005, 700_013, 987_654, -3, -112, -102,
        ])
        .prop_map(Move::Refused),
        1 => (select(vec![401u16, 412, 429]), any::<bool>())
            .prop_map(|(status, is_whole)| Move::Status { status, is_whole }),
        4 => (0..UNKNOWN, any::<bool>()).prop_map(|(way, did)| Move::Unknown { way, did }),
        2 => prop_oneof![Just(None), select(vec![Some(200), Some(502)])]
            .prop_map(|head| Move::NotSent { head }),
    ]
}

fn head(status: u16) -> Option<Box<Parts>> {
    Some(Box::new(answers::answer(status, "").into_parts().0))
}

pub(crate) fn failure(sent: Sent, status: Option<u16>) -> Input {
    let mut failure = Failure::new(sent, "connection reset");
    failure.head = status.and_then(head);
    Input::Failed(failure)
}

fn unknown(way: usize, well: &Response<Vec<u8>>) -> Input {
    Input::Response(match way {
        0 => return answers::lost(Sent::Maybe),
        1 => return Input::Woken,
        2 => return failure(Sent::Maybe, Some(200)),
        3 => return failure(Sent::Maybe, Some(503)),
        4 => answers::answer(502, "<html>bad gateway</html>"),
        5 => answers::answer(500, well.body().clone()),
        6 => answers::answer(503, r#"{"code":-101,"message":"m"}"#),
        7 => answers::refused(-500),
        8 => answers::refused(-503),
        9 => answers::refused(-504),
        10 => answers::refused(-8888),
        11 => answers::answer(200, "<!DOCTYPE html><html></html>"),
        12 => answers::answer(200, ""),
        13 => {
            let mut cut = well.clone();
            let half = cut.body().len() / 2;
            cut.body_mut().truncate(half);
            cut
        }
        _ => answers::answer(200, "{\"code\":0}}"),
    })
}

/// A service that plays a list of moves and then does as asked.
pub(crate) struct Service {
    moves: std::vec::IntoIter<Move>,
    day: u8,
    /// How many messages were stored, and what came of each write request.
    pub(crate) stored: usize,
    pub(crate) writes: Vec<(Move, Seen)>,
}

impl Service {
    pub(crate) fn new(moves: Vec<Move>) -> Self {
        Self {
            moves: moves.into_iter(),
            day: 1,
            stored: 0,
            writes: vec![],
        }
    }

    /// What it says when it does as asked.
    fn well(&self, seen: &Seen) -> Response<Vec<u8>> {
        if seen.endpoint() != "fetch_session_msgs" {
            return answers::well(seen, self.day);
        }
        // Both sides wrote the same text before.
        let mut messages = vec![(false, 7, 8, TEXT), (true, 6, 5, TEXT)];
        for _ in 0..self.stored {
            messages.insert(0, (true, MSG_KEY, 9, TEXT));
        }
        answers::page(PEER, START + 60, &messages)
    }

    pub(crate) fn answer(&mut self, seen: &Seen) -> Input {
        let next = self.moves.next().unwrap_or(Move::Well);
        let is_send = seen.endpoint() == "send_msg";
        let well = self.well(seen);
        let input = match &next {
            Move::Well => Input::Response(well),
            Move::WellAt(ahead) => {
                let seconds = (seen.at.unix.0 / 1_000_000).saturating_add_signed(*ahead);
                let time = UNIX_EPOCH + Duration::from_secs(seconds);
                Input::Response(answers::with_header(well, "date", &fmt_http_date(time)))
            }
            Move::Stale { way, new_keys } => {
                self.day = (self.day + u8::from(*new_keys)) % 16;
                let mut ways = answers::stale().into_iter();
                Input::Response(ways.nth(*way).unwrap().1)
            }
            Move::Refused(code) => Input::Response(answers::refused(*code)),
            Move::Status { status, is_whole } => match is_whole {
                true => Input::Response(answers::answer(*status, "<html>")),
                false => failure(Sent::Maybe, Some(*status)),
            },
            Move::Unknown { way, .. } => unknown(*way, &well),
            Move::NotSent { head } => failure(Sent::No, *head),
        };
        let did = matches!(
            next,
            Move::Well | Move::WellAt(_) | Move::Unknown { did: true, .. }
        );
        if is_send {
            let is_text = seen.field("msg[msg_type]").as_deref() == Some("1");
            self.stored += usize::from(did && is_text);
            self.writes.push((next, seen.clone()));
        }
        input
    }
}

pub(crate) fn new_account(paced: bool) -> Account {
    let builder = account().unwrap();
    if paced {
        builder.build()
    } else {
        builder.pacing(Pacing::off()).build()
    }
}

pub(crate) fn send(account: &Account) -> Flow<Infallible, SentMessage> {
    account.send(Uid(PEER), Text::new(TEXT).unwrap())
}

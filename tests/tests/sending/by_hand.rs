//! A service whose answers are written by hand, and an account of it.

use std::time::Duration;

use bili_im_proto::{Account, Error, FetchSessionMsgs, Input, Pacing, SingleUnread, Uid};
use bili_im_tests::{Seen, Timeline, answers, plain};

use crate::simulated::text;

pub(crate) const START: u64 = 1_700_000_000;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn unpaced() -> Account {
    bili_im_tests::account()
        .unwrap()
        .pacing(Pacing::off())
        .build()
}

pub(crate) fn paced() -> Account {
    bili_im_tests::account().unwrap().build()
}

/// A service that has the keys of a day and does as asked.
pub(crate) fn well(day: u8) -> impl FnMut(&Seen) -> Input {
    move |seen| Input::Response(answers::well(seen, day))
}

/// A service that does as asked, and by whose clock it is [`START`].
pub(crate) fn well_at_start(seen: &Seen) -> Input {
    let date = "Tue, 14 Nov 2023 22:13:20 GMT";
    Input::Response(answers::with_header(answers::well(seen, 1), "date", date))
}

/// A service that has the keys of a day and answers sends in a way of its own.
pub(crate) fn sends(
    day: u8,
    mut answer: impl FnMut() -> http::Response<Vec<u8>>,
) -> impl FnMut(&Seen) -> Input {
    move |seen| {
        Input::Response(match seen.endpoint() {
            "send_msg" => answer(),
            _ => answers::well(seen, day),
        })
    }
}

pub(crate) fn send(
    account: &Account,
    time: &mut Timeline,
    service: impl FnMut(&Seen) -> Input,
) -> Result<(), Error> {
    time.run(account.send(Uid(1), text("hi")), service)
        .map(drop)
}

pub(crate) fn unread(
    account: &Account,
    time: &mut Timeline,
    service: impl FnMut(&Seen) -> Input,
) -> Result<(), Error> {
    time.run(account.call(SingleUnread::new()), service)
        .map(drop)
}

pub(crate) fn fetch(
    account: &Account,
    time: &mut Timeline,
    service: impl FnMut(&Seen) -> Input,
) -> Result<(), Error> {
    let page = FetchSessionMsgs::new(Uid(1));
    time.run(account.call(page), service).map(drop)
}

pub(crate) fn is_signed_on(seen: &Seen, day: u8) -> bool {
    plain::is_signed_with(seen.query(), &answers::mixin_key(day))
}

/// An account with keys of day 1 that are some time old.
pub(crate) fn with_keys_of_age(age: Duration) -> (Account, Timeline) {
    let account = unpaced();
    let mut time = Timeline::new(START);
    fetch(&account, &mut time, well(1)).unwrap();
    time.advance(age);
    time.seen.clear();
    (account, time)
}

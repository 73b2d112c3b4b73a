//! No `Debug`, error or panic of the libraries shows a secret, whatever the service does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod answers;
mod connections;
mod panics;
mod types;

use std::fmt::Debug;

use bili_im_proto::{Account, Credential, Error, Hosts, Origin, Pacing, Uid};
use bili_im_tests::{
    marks::{BILI_JCT, Marks, SESSDATA, SID},
    peer::{self, Peer},
    plain,
};

const OWN: Uid = Uid(5);

const OTHER: Uid = Uid(10002);

fn cookie() -> String {
    let sessdata = plain::encode(SESSDATA);
    format!("SESSDATA={sessdata}; bili_jct={BILI_JCT}; DedeUserID={OWN}; sid={SID}")
}

fn credential() -> Credential {
    Credential::parse(&cookie()).unwrap()
}

fn account() -> Account {
    let hosts = Hosts::single("http://127.0.0.1:1".parse().unwrap());
    let builder = Account::builder(credential(), [7; 24]).hosts(hosts);
    builder.pacing(Pacing::off()).build()
}

/// Looks at all that an outcome says, as `unwrap` and `unwrap_err` would show it.
fn check<T: Debug>(marks: &Marks, place: &str, outcome: &Result<T, Error>) {
    let mut shown = format!("{outcome:?}");
    let mut next = (outcome.as_ref().err()).map(|error| error as &dyn std::error::Error);
    while let Some(error) = next {
        shown += &format!("\n{error}");
        next = error.source();
    }
    marks.check(place, shown);
}

fn origin_of(peer: &Peer) -> Origin {
    peer::origin("http", peer.address)
}

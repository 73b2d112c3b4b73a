//! What is refused before any request.

use std::fmt::Debug;

use bili_im_proto::{
    Credential, Error, FetchSessionMsgs, Flow, Invalid, InvalidArgument, Missing, MsgKey, Uid,
};
use bili_im_tests::{Stage, local_account};

use crate::simulated::{FRIEND, OWN, login, stage, text};

/// Sees to it that a flow is refused as invalid.
fn check<Item, T: Debug>(stage: &mut Stage, flow: Flow<Item, T>, wanted: impl Into<Invalid>) {
    let error = stage.run(flow).unwrap_err();
    assert_eq!(error, Error::Invalid(wanted.into()));
}

#[test]
fn bad_input_is_refused_before_any_request() {
    let stage = &mut stage();
    let account = local_account(login(), 1).build();
    let reader = Credential::parse(&format!("SESSDATA=sim-{OWN}; DedeUserID={OWN}")).unwrap();
    let reader = local_account(reader, 2).build();
    let (own, nobody) = (Uid(OWN), Uid(0));
    let page = FetchSessionMsgs::new(nobody);
    check(
        stage,
        account.send(own, text("hi")),
        InvalidArgument::ToSelf,
    );
    check(
        stage,
        account.send(nobody, text("hi")),
        InvalidArgument::NobodysNumber,
    );
    check(
        stage,
        account.prepare_send(own, text("hi")),
        InvalidArgument::ToSelf,
    );
    check(
        stage,
        account.recall(FRIEND, MsgKey(0)),
        InvalidArgument::NoMessagesKey,
    );
    check(stage, account.call(page), InvalidArgument::NobodysNumber);
    check(stage, reader.send(FRIEND, text("hi")), Missing::CsrfToken);
    check(stage, reader.recall(FRIEND, MsgKey(1)), Missing::CsrfToken);
    assert_eq!(stage.time.seen.len(), 0);
}

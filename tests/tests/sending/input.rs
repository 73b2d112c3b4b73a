//! What is refused before any request, and whose login a request carries.

use bili_im_proto::{Credential, Error, FetchSessionMsgs, InvalidArgument, Missing, MsgKey, Uid};
use bili_im_tests::{Timeline, local_account};

use crate::{
    by_hand::{START, send, unpaced, unread, well},
    simulated::{FRIEND, OWN, login, stage, text},
};

#[test]
fn every_request_has_the_headers_that_the_service_wants() {
    let account = unpaced();
    let mut time = Timeline::new(START);
    send(&account, &mut time, well(1)).unwrap();
    unread(&account, &mut time, well(1)).unwrap();
    for seen in &time.seen {
        let headers = seen.request.headers();
        assert_eq!(headers["referer"], "https://message.bilibili.com/");
        assert_eq!(headers["origin"], "https://message.bilibili.com");
        assert!(headers["cookie"].is_sensitive());
        let agent = headers["user-agent"].to_str().unwrap();
        assert!(
            agent.starts_with("Mozilla/5.0 (compatible; bili-im/"),
            "{agent}"
        );
        let host = seen.request.uri().host().unwrap();
        let expected = match seen.endpoint() {
            "nav" => "api.bilibili.com",
            _ => "api.vc.bilibili.com",
        };
        assert_eq!(
            (host, seen.request.uri().scheme_str()),
            (expected, Some("https"))
        );
    }
}

#[test]
fn bad_input_is_refused_before_any_request() {
    let mut stage = stage();
    let account = local_account(login(), 1).build();
    let reader = Credential::parse(&format!("SESSDATA=sim-{OWN}; DedeUserID={OWN}")).unwrap();
    let reader = local_account(reader, 2).build();
    for (error, wanted) in [
        (
            stage.run(account.send(Uid(OWN), text("hi"))).unwrap_err(),
            InvalidArgument::ToSelf.into(),
        ),
        (
            stage.run(account.send(Uid(0), text("hi"))).unwrap_err(),
            InvalidArgument::NobodysNumber.into(),
        ),
        (
            stage
                .run(account.prepare_send(Uid(OWN), text("hi")))
                .unwrap_err(),
            InvalidArgument::ToSelf.into(),
        ),
        (
            stage.run(account.recall(FRIEND, MsgKey(0))).unwrap_err(),
            InvalidArgument::NoMessagesKey.into(),
        ),
        (
            stage
                .run(account.call(FetchSessionMsgs::new(Uid(0))))
                .unwrap_err(),
            InvalidArgument::NobodysNumber.into(),
        ),
        (
            stage.run(reader.send(FRIEND, text("hi"))).unwrap_err(),
            Missing::CsrfToken.into(),
        ),
        (
            stage.run(reader.recall(FRIEND, MsgKey(1))).unwrap_err(),
            Missing::CsrfToken.into(),
        ),
    ] {
        assert_eq!(error, Error::Invalid(wanted));
    }
    assert_eq!(stage.time.seen.len(), 0);
}

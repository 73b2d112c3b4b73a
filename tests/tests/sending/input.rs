//! What is refused before any request, and whose login a request carries.

use bili_im_proto::{
    Account, Credential, Error, FetchSessionMsgs, Image, Input, InvalidArgument, InvalidContent,
    Missing, MsgKey, RefusalKind, Text, Uid,
};
use bili_im_tests::{Timeline, answers, local_account};

use crate::{
    by_hand::{START, send, unpaced, unread, well},
    simulated::{FRIEND, OWN, login, stage, text, written},
};

#[test]
fn a_login_that_is_over_is_reported_as_such() {
    let account = unpaced();
    let mut time = Timeline::new(START);
    let [img, sub] = answers::key_urls(1);
    let body = format!(
        r#"{{"code":-101,"message":"账号未登录","ttl":1,"data":{{"isLogin":false,"wbi_img":{{"img_url":"{img}","sub_url":"{sub}"}}}}}}"#
    );
    let error = send(&account, &mut time, |_| {
        Input::Response(answers::answer(200, body.clone()))
    });
    assert_eq!(error.unwrap_err().kind(), Some(RefusalKind::NotLoggedIn));
    assert_eq!(time.count("send_msg"), 0);
}

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
fn a_cookie_without_its_uid_learns_it_from_the_service() {
    let mut stage = stage();
    let cookie = format!("SESSDATA=sim-{OWN}; bili_jct={OWN:032}");
    let account = local_account(Credential::parse(&cookie).unwrap(), 1).build();
    assert_eq!(account.uid(), None);
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(account.uid(), Some(Uid(OWN)));
    assert_eq!(written(&stage, "hi"), [sent.msg_key]);
    let error = stage.run(account.send(Uid(OWN), text("hi"))).unwrap_err();
    assert_eq!(error, InvalidArgument::ToSelf.into());
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

#[test]
fn content_that_can_never_be_sent_cannot_be_made() {
    assert_eq!(Text::new(""), Err(InvalidContent::EmptyText));
    let too_long = Text::new("x".repeat(2000));
    assert!(matches!(too_long, Err(InvalidContent::TooLong { .. })));
    let foreign = Image::new("https://example.com/x.png");
    assert!(matches!(foreign, Err(InvalidContent::ImageHost(_))));
}

#[test]
fn reading_needs_no_csrf_token() {
    let read_only = Credential::parse("SESSDATA=a%2C; DedeUserID=5").unwrap();
    let account = Account::builder(read_only, [7; 24]).build();
    unread(&account, &mut Timeline::new(START), well(1)).unwrap();
}

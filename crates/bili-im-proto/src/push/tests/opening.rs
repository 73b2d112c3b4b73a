//! The handshake.

use http::{HeaderMap, Uri};

use crate::{
    Credential, Now, PushInput, PushSession,
    account::Account,
    push::tests::driver::{Driver, SECRETS, builder, connect},
};

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let [value] = headers.get_all(name).iter().collect::<Vec<_>>()[..] else {
        panic!("{name} is not there once: {headers:?}")
    };
    value.to_str().unwrap()
}

#[test]
fn the_handshake_asks_the_real_service_for_a_websocket() {
    let account = builder().build();
    let mut session = account.push_session();
    let request = connect(session.resume(Now::default(), PushInput::Begin));
    assert_eq!(request.method(), "GET");
    let address = "https://broadcast.chat.bilibili.com:7826/sub";
    assert_eq!(request.uri(), address);
    let headers = request.headers();
    for (name, value) in [
        ("host", "broadcast.chat.bilibili.com:7826"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "proto"),
        ("origin", "https://message.bilibili.com"),
    ] {
        assert_eq!(header(headers, name), value);
    }
    assert!(header(headers, "user-agent").contains("bili-im/"));
    let [sessdata, bili_jct] = SECRETS;
    let cookie = header(headers, "cookie");
    for part in [
        format!("SESSDATA={sessdata}"),
        format!("bili_jct={bili_jct}"),
        "DedeUserID=5".to_owned(),
    ] {
        assert!(cookie.contains(&part), "{part}");
    }
    assert!(headers["cookie"].is_sensitive());
}

#[test]
fn every_connection_has_a_key_of_sixteen_bytes_of_its_own() {
    let mut driver = Driver::new();
    let first = driver.begin();
    let step = driver.resume(PushInput::Closed("refused".to_owned()));
    driver.ended(step);
    let second = connect(driver.wake());
    let keys = [&first, &second].map(|r| header(r.headers(), "sec-websocket-key").to_owned());
    assert_ne!(keys[0], keys[1]);
    for key in keys {
        assert_eq!(key.len(), 24, "{key}");
        assert!(key.ends_with("=="), "{key}");
    }
}

#[test]
fn a_websocket_library_gets_the_scheme_it_wants() {
    let changed = |request| PushSession::with_websocket_scheme(request).uri().clone();
    let request = Driver::new().begin();
    assert_eq!(request.uri(), "http://127.0.0.1:1/sub");
    assert_eq!(changed(request), "ws://127.0.0.1:1/sub");
    let mut session = builder().build().push_session();
    let real = connect(session.resume(Now::default(), PushInput::Begin));
    let wanted: Uri = "wss://broadcast.chat.bilibili.com:7826/sub"
        .parse()
        .unwrap();
    assert_eq!(changed(real), wanted);
}

#[test]
fn the_same_entropy_makes_the_same_handshake() {
    let handshake = |entropy| {
        let credential = Credential::parse("SESSDATA=x; DedeUserID=5").unwrap();
        let account = Account::builder(credential, entropy).build();
        let mut session = account.push_session();
        let request = connect(session.resume(Now::default(), PushInput::Begin));
        header(request.headers(), "sec-websocket-key").to_owned()
    };
    assert_eq!(handshake([1; 24]), handshake([1; 24]));
    assert_ne!(handshake([1; 24]), handshake([2; 24]));
}

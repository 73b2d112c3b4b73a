//! The handshake.

use http::Request;

use crate::{
    Hosts, PushSession,
    push::tests::driver::{Driver, SECRETS, builder, connect},
};

fn header<'a>(request: &'a Request<()>, name: &str) -> &'a str {
    let values: Vec<_> = request.headers().get_all(name).iter().collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0].to_str().unwrap()
}

#[test]
fn the_handshake_asks_the_real_service_for_a_websocket() {
    let request = Driver::new().begin();
    assert_eq!(request.method(), "GET");
    let address = "https://broadcast.chat.bilibili.com:7826/sub";
    assert_eq!(request.uri(), address);
    for (name, value) in [
        ("host", "broadcast.chat.bilibili.com:7826"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "proto"),
        ("origin", "https://message.bilibili.com"),
    ] {
        assert_eq!(header(&request, name), value);
    }
    assert!(header(&request, "user-agent").contains("bili-im/"));
    let [sessdata, bili_jct] = SECRETS;
    let cookie = header(&request, "cookie");
    for (name, value) in [
        ("SESSDATA", sessdata),
        ("bili_jct", bili_jct),
        ("DedeUserID", "5"),
    ] {
        assert!(cookie.contains(&format!("{name}={value}")), "{name}");
    }
    assert!(request.headers()["cookie"].is_sensitive());
}

#[test]
fn every_connection_has_a_key_of_sixteen_bytes_of_its_own_from_the_entropy() {
    let mut driver = Driver::new();
    let first = driver.begin();
    driver.lost("refused");
    let second = connect(driver.wake());
    let [same, other] = [7, 8].map(|entropy| Driver::of(builder(entropy)).begin());
    let keys = [&first, &second, &other, &same].map(|r| header(r, "sec-websocket-key"));
    for key in keys {
        assert!(key.len() == 24 && key.ends_with("=="), "{key}");
    }
    let [first, second, other, same] = keys;
    assert_eq!(first, same);
    assert!(first != second && first != other, "{keys:?}");
}

#[test]
fn a_websocket_library_gets_the_scheme_it_wants() {
    let local = Hosts::single("http://127.0.0.1:1".parse().unwrap());
    for (builder, address) in [
        (builder(7).hosts(local), "ws://127.0.0.1:1/sub"),
        (builder(7), "wss://broadcast.chat.bilibili.com:7826/sub"),
    ] {
        let request = Driver::of(builder).begin();
        assert_eq!(PushSession::with_websocket_scheme(request).uri(), address);
    }
}

//! Push over sockets, with frames that are written by hand.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it within tests, not in their helpers"
)]

mod client;

use std::time::Duration;

use bili_im_sim::{
    Act, Message, Server, Talker, Uid,
    faults::{Kind, Rule, When},
};
use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::{Error, protocol::frame::coding::CloseCode};

use self::client::{Transport, ended, handshake, run, say, subscribe, told};

const CREATOR: u64 = 10001;
const FRIEND: u64 = 10002;

fn write(server: &Server, text: &str) {
    let message = Message::text(FRIEND, Talker::user(CREATOR), text);
    let now = std::time::SystemTime::now().into();
    server.with(|service| service.write(message, now)).unwrap();
}

fn fault(server: &Server, what: &str, kind: Kind) {
    let mut rule = Rule::new(what, When::Once, kind.clone());
    if matches!(kind, Kind::CutShort { .. }) {
        rule = rule.after_effect();
    }
    server.with(|service| service.add_fault(rule)).unwrap();
}

/// Whether a frame holds the path of notifications and the uid 10001.
fn is_notification(frame: &[u8]) -> bool {
    let has = |wanted: &[u8]| frame.windows(wanted.len()).any(|part| part == wanted);
    has(b"/bilibili.broadcast.message.im.Notify/WatchNotify") && has(&[8, 0x91, 0x4e, 0x10, 1])
}

#[test]
fn a_message_is_told_at_once_over_plain_sockets_and_tls() {
    for transport in Transport::all() {
        run(async {
            let mut socket = subscribe(&transport).await;
            for _ in 0..3 {
                write(&transport.server, "x");
                assert!(is_notification(&told(&mut socket).await));
            }
            let answer = say(&mut socket, 6, "Heartbeat").await;
            assert!(answer.windows(9).any(|part| part == b"Heartbeat"));
        });
    }
}

#[test]
fn a_message_that_is_sent_over_http_is_told() {
    let transport = Transport::plain();
    run(async {
        let mut socket = subscribe(&transport).await;
        let body = format!(r#"{{"from":{FRIEND},"to":{CREATOR},"text":"x"}}"#);
        let answer = transport.post("/_sim/message", &body).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(is_notification(&told(&mut socket).await));
    });
}

#[test]
fn a_late_notification_comes_by_itself() {
    let transport = Transport::plain();
    run(async {
        let mut socket = subscribe(&transport).await;
        fault(&transport.server, "WatchNotify", Kind::Late { seconds: 1 });
        let begun = std::time::Instant::now();
        write(&transport.server, "x");
        assert!(is_notification(&told(&mut socket).await));
        assert!(begun.elapsed() >= Duration::from_millis(900));
    });
}

#[test]
fn a_handshake_is_refused_without_a_login_or_an_upgrade() {
    let transport = Transport::plain();
    run(async {
        let refused = handshake(&transport, "SESSDATA=wrong").await.unwrap_err();
        let Error::Http(answer) = refused else {
            panic!("{refused}");
        };
        assert_eq!(answer.status(), 401);
        let answer = transport.get("/sub").await;
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    });
}

#[test]
fn a_handshake_suffers_faults() {
    let transport = Transport::plain();
    run(async {
        fault(&transport.server, "sub", Kind::BreakOff);
        assert!(handshake(&transport, "SESSDATA=sim-10001").await.is_err());
        fault(&transport.server, "sub", Kind::Stall);
        let stalled = handshake(&transport, "SESSDATA=sim-10001");
        let waited = tokio::time::timeout(Duration::from_millis(300), stalled).await;
        assert!(waited.is_err());
        transport.server.with(|service| service.clear_faults());
        subscribe(&transport).await;
    });
}

#[test]
fn a_connection_ends_as_its_fault_says() {
    for transport in Transport::all() {
        run(async {
            let mut socket = subscribe(&transport).await;
            fault(&transport.server, "WatchNotify", Kind::Close);
            write(&transport.server, "x");
            assert_eq!(ended(&mut socket).await.unwrap(), CloseCode::Away);

            for kind in [Kind::BreakOff, Kind::CutShort { bytes: 20 }] {
                let mut socket = subscribe(&transport).await;
                transport.server.with(|service| service.clear_faults());
                fault(&transport.server, "WatchNotify", kind.clone());
                write(&transport.server, "x");
                let end = ended(&mut socket).await;
                assert!(end.is_err(), "{kind:?}: {end:?}");
            }
        });
    }
}

#[test]
fn a_giant_frame_is_as_long_as_its_fault_says() {
    let transport = Transport::plain();
    run(async {
        let mut socket = subscribe(&transport).await;
        fault(
            &transport.server,
            "WatchNotify",
            Kind::Giant { bytes: 9 << 20 },
        );
        write(&transport.server, "x");
        assert!(told(&mut socket).await.len() > 9 << 20);
    });
}

#[test]
fn an_act_over_http_kicks_a_connection_out() {
    let transport = Transport::plain();
    run(async {
        let mut socket = subscribe(&transport).await;
        transport
            .post("/_sim/act", r#"{"kick_out":{"uid":10001}}"#)
            .await;
        let frame = told(&mut socket).await;
        assert!(frame.ends_with(&[8, 0x91, 0x4e, 0x10, 2]), "{frame:?}");
    });
}

#[test]
fn a_frame_that_is_no_message_ends_the_connection() {
    let transport = Transport::plain();
    run(async {
        for (frame, code) in [
            (vec![0xff; 20], CloseCode::Invalid),
            (b"text".to_vec(), CloseCode::Invalid),
        ] {
            let mut socket = subscribe(&transport).await;
            client::send(&mut socket, frame).await;
            assert_eq!(ended(&mut socket).await.unwrap(), code);
        }
        let mut socket = subscribe(&transport).await;
        client::send(&mut socket, vec![b' '; 100_000]).await;
        assert!(ended(&mut socket).await.is_err());
    });
}

#[test]
fn a_closed_connection_is_forgotten() {
    let transport = Transport::plain();
    run(async {
        let mut socket = subscribe(&transport).await;
        assert_eq!(connections(&transport.server), 1);
        socket.close(None).await.unwrap();
        drop(subscribe(&transport).await);
        while connections(&transport.server) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

fn connections(server: &Server) -> usize {
    let now = std::time::SystemTime::now().into();
    let state = server.with(|service| service.snapshot(now));
    let account = state
        .accounts
        .iter()
        .find(|account| account.uid == Uid(CREATOR));
    account.unwrap().push_connections
}

#[test]
fn dropping_the_server_ends_its_push_connections() {
    let transport = Transport::plain();
    run(async {
        let mut socket = subscribe(&transport).await;
        drop(transport);
        assert!(!matches!(socket.next().await, Some(Ok(_))));
    });
}

#[test]
fn a_hundred_connections_are_told_of_a_message() {
    let transport = Transport::plain();
    run(async {
        let mut sockets = Vec::new();
        for _ in 0..100 {
            sockets.push(subscribe(&transport).await);
        }
        let act = Act::PushForged { uid: Uid(CREATOR) };
        let now = std::time::SystemTime::now().into();
        transport
            .server
            .with(|service| service.act(act, now))
            .unwrap();
        for socket in &mut sockets {
            assert!(is_notification(&told(socket).await));
        }
    });
}

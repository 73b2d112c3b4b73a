//! Both adapters over real TLS: what they trust, and that a refusal means that nothing was sent.

use bili_im_proto::{Error, Talker};
use bili_im_sim::World;
use bili_im_tests::{Adapter, Authority, DEMO_FRIEND, Live, demo_login};

/// Sends a text over both adapters, which trust the authority of the server's certificate or not.
/// Also says how many requests came.
fn send(name: &str, is_trusted: bool) -> ([Result<(), Error>; 2], u64) {
    let authority = Authority::new().unwrap();
    let live = Live::secure(World::demo(), authority.vouch_for(name).unwrap());
    let adapters = if is_trusted {
        Adapter::trusting(&authority, &demo_login(), &live.origin)
    } else {
        Adapter::both(&demo_login(), &live.origin)
    };
    let to = Talker::user(DEMO_FRIEND);
    let sent = (adapters.unwrap()).map(|adapter| adapter.send_text(to, "hello").map(drop));
    (sent, live.requests(""))
}

#[test]
fn an_authority_that_is_trusted_explicitly_is_enough() {
    assert_eq!(send("localhost", true).0, [Ok(()), Ok(())]);
}

#[test]
fn another_authority_and_another_name_are_refused_before_anything_is_sent() {
    for (name, is_trusted) in [("localhost", false), ("elsewhere.example", true)] {
        let (sent, requests) = send(name, is_trusted);
        for sent in sent {
            let Err(Error::NotSent(not_sent)) = &sent else {
                panic!("{sent:?}")
            };
            let Error::Transport(transport) = &not_sent.cause else {
                panic!("{sent:?}")
            };
            assert!(!transport.cause.is_empty());
        }
        assert_eq!(requests, 0, "{name}");
    }
}

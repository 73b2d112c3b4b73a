//! Tickets over both adapters: a program dies while its send is out, and the next one does not send
//! it again.

use std::{sync::mpsc, thread, time::Duration};

use bili_im_proto::{Confirmation, Error, Origin, Pacing, SendTicket, Text, Uid};
use bili_im_sim::faults::{Kind, Rule, When};
use bili_im_tests::{Adapter, DEMO_FRIEND, Live, demo_login};

const FRIEND: Uid = Uid(DEMO_FRIEND);

/// Both adapters. They look for a message for two seconds.
fn both(origin: &Origin) -> [Adapter; 2] {
    let login = demo_login();
    let mut pacing = Pacing::off();
    pacing.latest_arrival = Duration::from_secs(2);
    let ureq = bili_im_ureq::Client::builder(login.clone()).endpoint(origin.clone());
    let reqwest = bili_im_reqwest::Client::builder(login).endpoint(origin.clone());
    [
        Adapter::Ureq(ureq.pacing(pacing).build()),
        Adapter::reqwest(|| reqwest.pacing(pacing).build()).unwrap(),
    ]
}

fn ticket(adapter: &Adapter) -> SendTicket {
    let text = Text::new("hi").unwrap();
    let prepare = adapter.account().prepare_send(FRIEND, text);
    adapter.run(prepare).unwrap()
}

#[test]
fn a_ticket_is_stored_before_its_request_leaves_and_never_sent_twice() {
    for (index, arrives) in [(0, true), (0, false), (1, true), (1, false)] {
        let live = Live::demo();
        let stall = Rule::new("send_msg", When::Once, Kind::Stall);
        let stall = if arrives { stall.after_effect() } else { stall };
        live.fault(stall);
        let [first, next] = [0; 2].map(|_| both(&live.origin).into_iter().nth(index).unwrap());
        let ticket = ticket(&first);
        let (store, on_disk) = mpsc::channel();
        // Nobody takes its result: for the test it is dead.
        thread::spawn(move || {
            first.send_ticket(ticket, |ticket| {
                store.send(serde_json::to_string(&ticket).unwrap()).unwrap();
                Ok(())
            })
        });
        let stored = on_disk.recv().unwrap();
        while live.requests("send_msg") == 0 {
            thread::sleep(Duration::from_millis(2));
        }
        let stored: SendTicket = serde_json::from_str(&stored).unwrap();
        assert!(stored.has_begun());
        let found = next.run(next.account().confirm(stored)).unwrap();
        let name = next.name();
        match found {
            Confirmation::Sent(_) => assert!(arrives, "{name}"),
            Confirmation::CannotTell => assert!(!arrives, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(live.requests("send_msg"), 1, "{name}");
    }
}

#[test]
fn a_ticket_that_cannot_be_stored_is_not_sent() {
    let live = Live::demo();
    for adapter in both(&live.origin) {
        let refused = adapter.send_ticket(ticket(&adapter), |_| Err(Error::Finished));
        assert_eq!(refused.unwrap_err(), Error::Finished);
        assert_eq!(live.requests("send_msg"), 0);
    }
}

//! Attacks on both adapters, and how they must end.

use std::{sync::mpsc, thread, time::Duration};

use bili_im_proto::{
    Context, Credential, DeviceId, Effect, Endpoint, Failure, Hosts, MyGroupUnread, Origin,
    Outgoing, Sent, SingleUnread, Uid, UnixSeconds, http::Response,
};
use bili_im_tests::Adapter;

use crate::{
    peak,
    server::{IMPATIENCE, Move, PATIENCE, hostile},
};

use self::End::{Answers, Fails, IsTooLong, TimesOut};

/// The most bytes of an answer in most of these tests.
pub(crate) const MAX_BODY: usize = 1 << 16;

/// What an exchange may take of memory beside three times the longest answer: buffers of the
/// clients, which hold a whole head of an answer, and gzip's window.
pub(crate) const BUFFERS: usize = 1 << 20;

pub(crate) fn credential() -> Credential {
    Credential::new("a%2Cb%2A", "0123456789abcdef", Uid(5)).unwrap()
}

pub(crate) fn both(origin: &Origin) -> [Adapter; 2] {
    Adapter::both(&credential(), origin).unwrap()
}

pub(crate) fn outgoing<E: Endpoint>(endpoint: &E, origin: &Origin, timeout: Duration) -> Outgoing {
    let time = UnixSeconds(1_626_181_379).micros();
    let context = Context::new(DeviceId::from_random([7; 16]), time)
        .with_credential(credential())
        .with_hosts(Hosts::single(origin.clone()));
    Outgoing {
        request: endpoint.request(&context).unwrap(),
        max_body: MAX_BODY,
        timeout,
        effect: Effect::Once,
    }
}

/// Attacks an adapter, and sees to it that it works afterwards. Returns what came of it, and the
/// peak of memory meanwhile, in bytes.
pub(crate) fn attack<T: Send + 'static>(
    name: &str,
    adapter: Adapter,
    exchange: impl FnOnce(&Adapter) -> T + Send + 'static,
) -> (T, usize) {
    let name = format!("{name}, {}", adapter.name());
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || {
        let (result, heap) = peak(|| exchange(&adapter));
        let next = adapter.call(MyGroupUnread);
        done.send((result, heap, next.map(|groups| groups.unread_count)))
            .unwrap();
    });
    let (result, heap, next) =
        (outcome.recv_timeout(3 * PATIENCE)).unwrap_or_else(|_| panic!("{name} panicked or hung"));
    assert_eq!(next, Ok(2), "{name}: the request after it");
    (result, heap)
}

/// How an exchange ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// With an answer of that status and body.
    Answers(u16, &'static str),
    /// With a failure in these words.
    Fails(&'static str),
    /// When more than the longest answer was read.
    IsTooLong,
    /// When the time is over, and not before.
    TimesOut,
}

impl End {
    fn timeout(self) -> Duration {
        match self {
            TimesOut => IMPATIENCE,
            _ => PATIENCE,
        }
    }

    pub(crate) fn is(self, result: &Result<Response<Vec<u8>>, Failure>) -> bool {
        match (self, result) {
            (Answers(status, body), Ok(answer)) => {
                answer.status() == status && answer.body() == body.as_bytes()
            }
            (Fails(words), Err(failure)) => failure.cause.contains(words),
            (IsTooLong, Err(failure)) => failure.cause == "the answer is longer than 65536 bytes",
            (TimesOut, Err(failure)) => failure.cause == "no whole answer within 0.3 s",
            _ => false,
        }
    }
}

/// Attacks ureq and reqwest, and checks how each ends.
pub(crate) fn check(name: &str, moves: &[Move], ends: [End; 2]) {
    let origin = hostile(moves.to_vec());
    for (adapter, end) in both(&origin).into_iter().zip(ends) {
        let outgoing = outgoing(&SingleUnread::new(), &origin, end.timeout());
        let name = format!("{name}, {}", adapter.name());
        let (result, heap) = attack(&name, adapter, |adapter| adapter.exchange(outgoing));
        assert!(
            end.is(&result),
            "{name} does not end so: {end:?}: {result:?}"
        );
        if let Err(failure) = result {
            // The whole request was read.
            assert_eq!(failure.sent, Sent::Maybe, "{name}");
            assert!(
                failure.head.is_some() || !matches!(end, IsTooLong),
                "{name}"
            );
            for secret in ["a%2Cb", "0123456789abcdef"] {
                assert!(
                    !format!("{failure:?}").contains(secret),
                    "{name}: {failure:?}"
                );
            }
        }
        let most = 3 * MAX_BODY + BUFFERS;
        assert!(heap <= most, "{name} takes {heap} bytes");
    }
}

//! What answers requests.

use std::time::Duration;

use bili_im_proto::{Failure, Input, Now, Sent};
use bili_im_sim::{Reply, Service, UnixMicros};

use super::Seen;

/// How long the simulated service takes when nothing is wrong.
const LATENCY: Duration = Duration::from_millis(20);

/// Something that answers requests: the simulated service, or a closure.
pub trait Answers {
    /// Answers one request. Also says how long the exchange took.
    fn answer(&mut self, now: Now, seen: &Seen) -> (Duration, Input);
}

impl<F: FnMut(&Seen) -> Input> Answers for F {
    fn answer(&mut self, _: Now, seen: &Seen) -> (Duration, Input) {
        (Duration::ZERO, self(seen))
    }
}

impl Answers for Service {
    fn answer(&mut self, now: Now, seen: &Seen) -> (Duration, Input) {
        let request = seen.request.clone().map(Vec::from);
        let failed = |cause: &str| Failure::new(Sent::Maybe, cause);
        match self.handle(request, UnixMicros(now.unix.0)) {
            Reply::Answer(answer) if answer.body().len() > seen.max_body => {
                (LATENCY, Input::Failed(failed("the answer is too long")))
            }
            Reply::Answer(answer) => (LATENCY, Input::Response(answer)),
            Reply::BrokenOff => (LATENCY, Input::Failed(failed("connection reset"))),
            Reply::Stalled => (seen.timeout, Input::Failed(failed("timed out"))),
            Reply::CutShort { answer, .. } => {
                let head = Some(Box::new(answer.into_parts().0));
                let failure = Failure {
                    head,
                    ..failed("the connection was closed within the body")
                };
                (LATENCY, Input::Failed(failure))
            }
        }
    }
}

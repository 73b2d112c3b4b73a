//! What a flow tells, one after the other.

use std::{thread, time::Duration};

use bili_im_proto::{Error, Event, Flow, Input, Monotonic, Step};
use bili_im_ureq::Client;

use super::Stop;
use crate::session::SharedSession;

/// A wait up to this long is not worth letting go of the account.
const MOMENT: Duration = Duration::from_millis(20);

/// The events of a flow. Other processes of the account go on between them, and while the flow waits.
pub(crate) struct Events<'a> {
    flow: Flow<Event, ()>,
    stop: &'a Stop,
}

/// Why the account is let go of.
enum Pause {
    Until(Monotonic),
    Event(Event),
    Stopped,
    Done(Result<(), Error>),
}

impl<'a> Events<'a> {
    pub(crate) fn new(flow: Flow<Event, ()>, stop: &'a Stop) -> Self {
        Self { flow, stop }
    }

    /// The next event; `None` when the program is to end.
    pub(crate) fn next(&mut self, session: &mut SharedSession) -> Result<Option<Event>, Error> {
        loop {
            match session.at_work(|session| self.go_on(session.client())) {
                Pause::Until(moment) => {
                    let now = bili_im_ureq::now().mono;
                    if self.stop.sleep(moment.since(now)) {
                        return Ok(None);
                    }
                }
                Pause::Event(event) => return Ok(Some(event)),
                Pause::Stopped => return Ok(None),
                Pause::Done(result) => return result.map(|()| None),
            }
        }
    }

    fn go_on(&mut self, client: &Client) -> Pause {
        // Whatever it waits for: too early, it asks for the same wait again.
        let mut input = Input::Woken;
        loop {
            let now = client.now();
            let step = self.flow.resume(now, input);
            // Only now: what the account learns from the last answer is stored.
            if self.stop.is_asked() {
                return Pause::Stopped;
            }
            input = match step {
                Step::Send(outgoing) => {
                    (client.exchange(outgoing)).map_or_else(Input::Failed, Input::Response)
                }
                Step::WaitUntil(moment) if moment.since(now.mono) > MOMENT => {
                    return Pause::Until(moment);
                }
                Step::WaitUntil(moment) => {
                    thread::sleep(moment.since(now.mono));
                    Input::Woken
                }
                Step::Item(event) => return Pause::Event(event),
                Step::Done(result) => return Pause::Done(result),
            };
        }
    }
}

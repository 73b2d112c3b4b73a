//! Drives a flow and unlocks the account whenever the flow waits.

use std::{thread, time::Duration};

use bili_im_proto::{Error, Event, Flow, Input, Monotonic, Step};
use bili_im_ureq::Client;

use super::stop::Stop;
use crate::active_login::SharedLogin;

/// The account stays locked during a wait up to this long.
const MOMENT: Duration = Duration::from_millis(20);

/// A flow that is driven item by item. Between items, and while the flow waits, other processes can
/// use the account.
pub(crate) struct Driven<'a, Item, Output> {
    flow: Flow<Item, Output>,
    /// What ends the flow.
    pub(crate) stop: &'a Stop,
}

pub(crate) enum Next<Item, Output> {
    Item(Item),
    Done(Result<Output, Error>),
    /// The user wants the program to end.
    Stopped,
}

/// Why the account is unlocked.
enum Pause<Item, Output> {
    Until(Monotonic),
    Next(Next<Item, Output>),
}

impl<'a, Item, Output> Driven<'a, Item, Output> {
    pub(crate) fn new(flow: Flow<Item, Output>, stop: &'a Stop) -> Self {
        Self { flow, stop }
    }

    pub(crate) fn next(&mut self, login: &mut SharedLogin) -> Next<Item, Output> {
        loop {
            match login.with_lock(|login| self.drive(login.client())) {
                Pause::Until(moment) => {
                    let now = bili_im_ureq::now().mono;
                    if self.stop.doze(moment.since(now)) {
                        return Next::Stopped;
                    }
                }
                Pause::Next(next) => return next,
            }
        }
    }

    fn drive(&mut self, client: &Client) -> Pause<Item, Output> {
        // A flow that is woken too early asks for the same wait again.
        let mut input = Input::Woken;
        loop {
            let now = client.now();
            let step = self.flow.resume(now, input);
            // Not before `resume`: the account has to learn from the last answer.
            if self.stop.is_asked() {
                return Pause::Next(Next::Stopped);
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
                Step::Item(item) => return Pause::Next(Next::Item(item)),
                Step::Done(result) => return Pause::Next(Next::Done(result)),
            };
        }
    }
}

impl Driven<'_, Event, ()> {
    /// The next event; `None` when the user wants the program to end.
    pub(crate) fn next_event(&mut self, login: &mut SharedLogin) -> Result<Option<Event>, Error> {
        match self.next(login) {
            Next::Item(event) => Ok(Some(event)),
            Next::Done(result) => result.map(|()| None),
            Next::Stopped => Ok(None),
        }
    }
}

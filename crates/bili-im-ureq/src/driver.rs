use std::{
    convert::Infallible,
    sync::LazyLock,
    thread,
    time::{Instant, SystemTime},
};

use bili_im_proto::{Error, Failure, Flow, Input, Monotonic, Now, Outgoing, Step};
use http::Response;
use ureq::Agent;

use crate::exchange::exchange;

/// What drives flows: an agent that sends them.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    agent: Agent,
}

impl Driver {
    pub(crate) fn new(agent: Agent) -> Self {
        Self { agent }
    }

    pub(crate) fn exchange(&self, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
        exchange(&self.agent, outgoing)
    }

    pub(crate) fn run<Output>(&self, flow: Flow<Infallible, Output>) -> Result<Output, Error> {
        self.run_with(flow, |never| match never {})
    }

    pub(crate) fn run_with<Item, Output>(
        &self,
        mut flow: Flow<Item, Output>,
        mut take: impl FnMut(Item),
    ) -> Result<Output, Error> {
        let mut input = Input::Begin;
        loop {
            match self.step(&mut flow, input) {
                Stop::Item(item) => take(item),
                Stop::Done(result) => return result,
            }
            input = Input::Woken;
        }
    }

    /// Drives a flow to its next item or its end.
    fn step<Item, Output>(
        &self,
        flow: &mut Flow<Item, Output>,
        mut input: Input,
    ) -> Stop<Item, Output> {
        loop {
            input = match flow.resume(now(), input) {
                Step::Send(outgoing) => {
                    (self.exchange(outgoing)).map_or_else(Input::Failed, Input::Response)
                }
                Step::WaitUntil(moment) => {
                    thread::sleep(moment.since(now().mono));
                    Input::Woken
                }
                Step::Item(item) => return Stop::Item(item),
                Step::Done(result) => return Stop::Done(result),
            };
        }
    }
}

enum Stop<Item, Output> {
    Item(Item),
    Done(Result<Output, Error>),
}

/// The items of a flow, one after the other; an error is the last.
#[derive(Debug)]
pub struct Items<Item> {
    driver: Driver,
    flow: Option<Flow<Item, ()>>,
}

impl<Item> Items<Item> {
    pub(crate) fn new(driver: Driver, flow: Flow<Item, ()>) -> Self {
        Self {
            driver,
            flow: Some(flow),
        }
    }
}

impl<Item> Iterator for Items<Item> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // Before the first item `Woken` begins the flow, as any input does.
        match self.driver.step(self.flow.as_mut()?, Input::Woken) {
            Stop::Item(item) => Some(Ok(item)),
            Stop::Done(result) => {
                self.flow = None;
                result.err().map(Err)
            }
        }
    }
}

/// What the clocks show. The monotonic one counts from the same moment for every client of this crate
/// in this process, so that several can drive one account.
pub fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Now {
        unix: SystemTime::now().into(),
        mono: Monotonic(START.elapsed()),
    }
}

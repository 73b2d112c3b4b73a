use std::{
    convert::Infallible,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
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

    pub(crate) fn run_with<Item, Output, E: From<Error>>(
        &self,
        mut flow: Flow<Item, Output>,
        mut take: impl FnMut(Item) -> Result<(), E>,
    ) -> Result<Output, E> {
        let mut input = Input::Begin;
        loop {
            input = match flow.resume(now(), input) {
                Step::Send(outgoing) => {
                    (self.exchange(outgoing)).map_or_else(Input::Failed, Input::Response)
                }
                Step::WaitUntil(moment) => {
                    thread::sleep(moment.since(now().mono));
                    Input::Woken
                }
                Step::Item(item) => {
                    take(item)?;
                    Input::Woken
                }
                Step::Done(result) => return Ok(result?),
            };
        }
    }
}

/// The items of a flow, one after the other; an error is the last.
#[derive(Debug)]
pub struct Items<Item> {
    driver: Driver,
    flow: Option<Flow<Item, ()>>,
    stop: StopHandle,
}

impl<Item> Items<Item> {
    pub(crate) fn new(driver: Driver, flow: Flow<Item, ()>) -> Self {
        Self {
            driver,
            flow: Some(flow),
            stop: StopHandle::default(),
        }
    }

    /// What ends this from another thread, or from a signal's handler thread, also while
    /// [`next`](Self::next) sleeps.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }
}

impl<Item> Iterator for Items<Item> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // Before the first item `Woken` begins the flow, as any input does.
        let mut input = Input::Woken;
        loop {
            let step = self.flow.as_mut()?.resume(now(), input);
            // Only now: what the account learns from the last answer is not lost.
            if self.stop.is_stopped() {
                self.flow = None;
                return None;
            }
            input = match step {
                Step::Send(outgoing) => {
                    (self.driver.exchange(outgoing)).map_or_else(Input::Failed, Input::Response)
                }
                Step::WaitUntil(moment) => {
                    self.stop.sleep_until(moment);
                    Input::Woken
                }
                Step::Item(item) => return Some(Ok(item)),
                Step::Done(result) => {
                    self.flow = None;
                    return result.err().map(Err);
                }
            };
        }
    }
}

/// Ends [`Items`] from another thread.
#[derive(Debug, Clone, Default)]
pub struct StopHandle(Arc<Stopper>);

#[derive(Debug, Default)]
struct Stopper {
    is_stopped: Mutex<bool>,
    stopped: Condvar,
}

impl StopHandle {
    /// Ends the items: [`next`](Items::next) returns `None` from now on. One that sleeps returns at
    /// once; one that has a request out lets it end first, which its timeout bounds.
    pub fn stop(&self) {
        *self.lock() = true;
        self.0.stopped.notify_all();
    }

    fn is_stopped(&self) -> bool {
        *self.lock()
    }

    /// Sleeps until then, or until it is stopped.
    fn sleep_until(&self, moment: Monotonic) {
        let timeout = moment.since(now().mono);
        let _woken = (self.0.stopped)
            .wait_timeout_while(self.lock(), timeout, |is_stopped| !*is_stopped)
            .unwrap_or_else(PoisonError::into_inner);
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        (self.0.is_stopped.lock()).unwrap_or_else(PoisonError::into_inner)
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

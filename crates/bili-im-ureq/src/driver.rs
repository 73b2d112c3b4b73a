use std::{
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Instant, SystemTime},
};

use bili_im_proto::{Error, Flow, Input, Monotonic, Now, Step};
use ureq::Agent;

use crate::exchange::exchange;

/// Runs a flow to its end and passes its items to `take`.
pub(crate) fn run_with<Item, Output, E: From<Error>>(
    agent: &Agent,
    mut flow: Flow<Item, Output>,
    mut take: impl FnMut(Item) -> Result<(), E>,
) -> Result<Output, E> {
    let mut input = Input::Begin;
    loop {
        input = match flow.resume(now(), input) {
            Step::Send(outgoing) => {
                exchange(agent, outgoing).map_or_else(Input::Failed, Input::Response)
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

/// The items of a flow. An error is the last item.
#[derive(Debug)]
pub struct Items<Item> {
    agent: Agent,
    flow: Option<Flow<Item, ()>>,
    stop: StopHandle,
}

impl<Item> Items<Item> {
    pub(crate) fn new(agent: Agent, flow: Flow<Item, ()>) -> Self {
        Self {
            agent,
            flow: Some(flow),
            stop: StopHandle::default(),
        }
    }

    /// A handle that ends this iterator from another thread, for example from a signal handler's,
    /// even while [`next`](Self::next) sleeps.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }
}

impl<Item> Iterator for Items<Item> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // A flow begins with whatever input comes first.
        let mut input = Input::Woken;
        loop {
            let step = self.flow.as_mut()?.resume(now(), input);
            // Checked after `resume`, so that the account has learned from the last answer.
            if self.stop.is_stopped() {
                self.flow = None;
                return None;
            }
            input = match step {
                Step::Send(outgoing) => {
                    exchange(&self.agent, outgoing).map_or_else(Input::Failed, Input::Response)
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

/// Ends an [`Items`] iterator from another thread.
#[derive(Debug, Clone, Default)]
pub struct StopHandle(Arc<Stopper>);

#[derive(Debug, Default)]
struct Stopper {
    is_stopped: Mutex<bool>,
    stopped: Condvar,
}

impl StopHandle {
    /// Ends the iterator: [`next`](Items::next) returns `None` from now on. If it sleeps, it
    /// returns at once. If a request is on its way, it first waits for the answer, at most for the
    /// request's timeout.
    pub fn stop(&self) {
        *self.lock() = true;
        self.0.stopped.notify_all();
    }

    fn is_stopped(&self) -> bool {
        *self.lock()
    }

    /// Sleeps until `moment` or until the handle is stopped.
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

/// The current time. The monotonic clock starts at the same moment for all clients in this process,
/// so that several can use one account.
pub fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Now {
        unix: SystemTime::now().into(),
        mono: Monotonic(START.elapsed()),
    }
}

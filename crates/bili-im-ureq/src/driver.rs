use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

#[cfg(feature = "push")]
use bili_im_proto::PushSession;
use bili_im_proto::{Error, Flow, Input, Monotonic, Step};
use ureq::Agent;

#[cfg(feature = "push")]
use crate::push::Push;
use crate::{clock::now, exchange::exchange};

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
    /// Of the push connection that is opened when the first item is waited for.
    #[cfg(feature = "push")]
    push_session: Option<Box<PushSession>>,
    #[cfg(feature = "push")]
    push: Option<Push>,
}

impl<Item> Items<Item> {
    pub(crate) fn new(agent: Agent, flow: Flow<Item, ()>) -> Self {
        Self {
            agent,
            flow: Some(flow),
            stop: StopHandle::default(),
            #[cfg(feature = "push")]
            push_session: None,
            #[cfg(feature = "push")]
            push: None,
        }
    }

    /// As these, with a push connection.
    #[cfg(feature = "push")]
    pub(crate) fn pushed(self, session: PushSession) -> Self {
        let push_session = Some(Box::new(session));
        Self {
            push_session,
            ..self
        }
    }

    #[cfg(feature = "push")]
    fn open_push(&mut self) {
        if let Some(session) = self.push_session.take() {
            let stop = self.stop.clone();
            let push = Push::open(self.agent.clone(), *session, move |_| stop.wake());
            self.push = Some(push);
        }
    }

    fn end(&mut self) {
        self.flow = None;
        #[cfg(feature = "push")]
        {
            self.push = None;
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
                self.end();
                return None;
            }
            #[cfg(feature = "push")]
            self.open_push();
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
                    self.end();
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
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_stopped: bool,
    /// Whether the next sleep ends at once: the push connection has said something.
    is_woken: bool,
}

impl StopHandle {
    /// Ends the iterator: [`next`](Items::next) returns `None` from now on. If it sleeps, it
    /// returns at once. If a request is on its way, it first waits for the answer, at most for the
    /// request's timeout.
    pub fn stop(&self) {
        self.lock().is_stopped = true;
        self.0.changed.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.lock().is_stopped
    }

    /// Ends a sleep, or the next one.
    #[cfg(feature = "push")]
    fn wake(&self) {
        self.lock().is_woken = true;
        self.0.changed.notify_all();
    }

    /// Sleeps until `moment`, or until the handle is woken or stopped.
    fn sleep_until(&self, moment: Monotonic) {
        let timeout = moment.since(now().mono);
        let sleeps = |state: &mut State| !state.is_stopped && !state.is_woken;
        let (mut state, _) = (self.0.changed)
            .wait_timeout_while(self.lock(), timeout, sleeps)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_woken = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

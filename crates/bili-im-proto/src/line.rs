//! The line between an `async fn` and whoever resumes it.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use crate::time::Now;

/// Carries what an `async fn` asks for to whoever resumes it, and the time and the reply back.
pub(crate) struct Line<Ask, Reply>(Arc<Mutex<Exchanged<Ask, Reply>>>);

/// What the two ends have told each other.
struct Exchanged<Ask, Reply> {
    now: Now,
    ask: Option<Ask>,
    reply: Option<Reply>,
}

impl<Ask, Reply> Clone for Line<Ask, Reply> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Ask, Reply> Line<Ask, Reply> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Exchanged {
            now: Now::default(),
            ask: None,
            reply: None,
        })))
    }

    fn exchanged(&self) -> MutexGuard<'_, Exchanged<Ask, Reply>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the clocks showed when the `async fn` was last resumed.
    pub(crate) fn now(&self) -> Now {
        self.exchanged().now
    }

    /// Asks for something and waits for the reply. It is handed over at once: a future that kept it
    /// until it is polled would be several times as large.
    pub(crate) fn ask(&self, ask: Ask) -> impl Future<Output = Reply> {
        let mut exchanged = self.exchanged();
        exchanged.ask = Some(ask);
        // What was told before answers something else.
        exchanged.reply = None;
        drop(exchanged);
        poll_fn(|_| match self.exchanged().reply.take() {
            Some(reply) => Poll::Ready(reply),
            None => Poll::Pending,
        })
    }

    /// Tells the `async fn` the time and the reply to what it asked for.
    pub(crate) fn tell(&self, now: Now, reply: Reply) {
        let mut exchanged = self.exchanged();
        // A clock that went back must not make a wait longer.
        let mono = now.mono.max(exchanged.now.mono);
        exchanged.now = Now { mono, ..now };
        exchanged.reply = Some(reply);
    }

    pub(crate) fn take_ask(&self) -> Option<Ask> {
        self.exchanged().ask.take()
    }
}

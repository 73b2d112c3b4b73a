//! Flows in progress.

use std::convert::Infallible;

use bili_im_proto::{Error, Flow, Input, Monotonic, Outgoing, Step};

use super::{Answers, Seen, Timeline};

/// A flow that makes more steps counts as endless.
const ENOUGH: usize = 100_000;

/// What a flow in progress is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Go on.
    Ready,
    /// Have its request answered.
    Sends,
    /// Wait until then.
    Waits(Monotonic),
    /// Nothing more.
    Over,
}

/// A flow in progress, driven step by step. Dropped, it is cancelled.
#[derive(Debug)]
pub struct Running<Output, Item = Infallible> {
    flow: Flow<Item, Output>,
    input: Input,
    outgoing: Option<Outgoing>,
    /// What it is about to do.
    pub turn: Turn,
    /// Its items so far.
    pub items: Vec<Item>,
    /// How it ended.
    pub result: Option<Result<Output, Error>>,
}

impl<Output, Item> Running<Output, Item> {
    /// A flow that has not begun.
    pub fn new(flow: Flow<Item, Output>) -> Self {
        Self {
            flow,
            input: Input::Begin,
            outgoing: None,
            turn: Turn::Ready,
            items: Vec::new(),
            result: None,
        }
    }

    /// The request that is about to be answered.
    pub fn outgoing(&self) -> Option<&Outgoing> {
        self.outgoing.as_ref()
    }

    /// The last segment of the path of the request that is about to be answered.
    pub fn asks(&self) -> Option<&str> {
        self.outgoing()?.request.uri().path().rsplit('/').next()
    }

    /// Takes the request that is about to be answered. The flow may be dropped, and the request
    /// still arrive.
    pub fn take_outgoing(&mut self) -> Option<Outgoing> {
        self.outgoing.take()
    }

    /// Answers the request in the place of the service.
    pub fn bring(&mut self, input: Input) {
        self.outgoing = None;
        self.input = input;
        self.turn = Turn::Ready;
    }

    /// Makes one step. A wait is waited out.
    pub fn turn(&mut self, time: &mut Timeline, service: &mut impl Answers) {
        match self.turn {
            Turn::Over => return,
            Turn::Waits(until) => time.advance_to(until),
            Turn::Ready => {}
            Turn::Sends => {
                if let Some(outgoing) = self.outgoing.take() {
                    let seen = Seen::new(time.now, outgoing);
                    time.seen.push(seen.clone());
                    let (took, input) = service.answer(time.now, &seen);
                    time.advance(took);
                    self.bring(input);
                }
                return;
            }
        }
        let input = std::mem::replace(&mut self.input, Input::Woken);
        self.turn = match self.flow.resume(time.now, input) {
            Step::Send(outgoing) => {
                self.outgoing = Some(outgoing);
                Turn::Sends
            }
            Step::WaitUntil(moment) => Turn::Waits(moment),
            Step::Item(item) => {
                self.items.push(item);
                Turn::Ready
            }
            Step::Done(result) => {
                self.result = Some(result);
                Turn::Over
            }
        };
    }

    /// Goes on to the end.
    ///
    /// # Panics
    /// When the flow does not end.
    pub fn finish(
        &mut self,
        time: &mut Timeline,
        service: &mut impl Answers,
    ) -> Result<Output, Error> {
        for _ in 0..ENOUGH {
            if let Some(result) = self.result.take() {
                return result;
            }
            self.turn(time, service);
        }
        panic!("no end after {} requests", time.seen.len())
    }
}

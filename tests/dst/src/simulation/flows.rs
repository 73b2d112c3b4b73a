//! What the program has under way.

use std::convert::Infallible;

use bili_im_proto::{
    Confirmation, Cursor, Error, Event, Flow, Input, Monotonic, Now, Outgoing, SendTicket,
    SentMessage, Step,
};

pub(super) struct Flying {
    pub(super) flow: AnyFlow,
    /// What it waits for; an answer to anything else comes too late.
    pub(super) ticket: u64,
    /// Which of its requests is out.
    pub(super) asked: Option<usize>,
}

pub(super) enum AnyFlow {
    Begin(Flow<Infallible, Cursor>),
    Watch(Flow<Event, ()>),
    Prepare(usize, Flow<Infallible, SendTicket>),
    Send(usize, Flow<Infallible, SentMessage>),
    SendTicket(usize, Flow<SendTicket, SentMessage>),
    /// The send of a ticket that sends no more.
    SendUsed(usize, Flow<SendTicket, SentMessage>),
    Confirm(usize, Flow<Infallible, Confirmation>),
    Recall(Flow<Infallible, ()>),
}

/// What a flow wants, or came to.
pub(super) enum Did {
    Sends(Outgoing),
    Waits(Monotonic),
    Tells(Event),
    /// The ticket is to be stored.
    Keeps(usize, Box<SendTicket>),
    Began(Result<Cursor, Error>),
    Ended(Error),
    Prepared(usize, Result<SendTicket, Error>),
    Sent(usize, Result<SentMessage, Error>),
    /// A ticket that sends no more is to be stored, since its request may leave.
    SentAgain(usize),
    Confirmed(usize, Result<Confirmation, Error>),
    Over,
}

impl AnyFlow {
    pub(super) fn resume(&mut self, now: Now, input: Input) -> Did {
        fn did<Output>(
            step: Step<Infallible, Output>,
            done: impl FnOnce(Result<Output, Error>) -> Did,
        ) -> Did {
            match step {
                Step::Send(outgoing) => Did::Sends(outgoing),
                Step::WaitUntil(moment) => Did::Waits(moment),
                Step::Item(never) => match never {},
                Step::Done(result) => done(result),
            }
        }
        match self {
            Self::Begin(flow) => did(flow.resume(now, input), Did::Began),
            Self::Prepare(id, flow) => did(flow.resume(now, input), |r| Did::Prepared(*id, r)),
            Self::Send(id, flow) => did(flow.resume(now, input), |r| Did::Sent(*id, r)),
            Self::Confirm(id, flow) => did(flow.resume(now, input), |r| Did::Confirmed(*id, r)),
            Self::Recall(flow) => did(flow.resume(now, input), |_| Did::Over),
            Self::SendTicket(id, flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Did::Sends(outgoing),
                Step::WaitUntil(moment) => Did::Waits(moment),
                Step::Item(ticket) => Did::Keeps(*id, Box::new(ticket)),
                Step::Done(result) => Did::Sent(*id, result),
            },
            Self::SendUsed(id, flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Did::Sends(outgoing),
                Step::WaitUntil(moment) => Did::Waits(moment),
                Step::Item(_) => Did::SentAgain(*id),
                Step::Done(_) => Did::Over,
            },
            Self::Watch(flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Did::Sends(outgoing),
                Step::WaitUntil(moment) => Did::Waits(moment),
                Step::Item(event) => Did::Tells(event),
                Step::Done(Err(error)) => Did::Ended(error),
                Step::Done(Ok(())) => Did::Ended(Error::Finished),
            },
        }
    }

    /// Which send its requests are of.
    pub(super) fn send(&self) -> Option<usize> {
        match self {
            Self::Send(id, _) | Self::SendTicket(id, _) => Some(*id),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Begin(_) => "begin",
            Self::Watch(_) => "watch",
            Self::Prepare(..) => "prepare",
            Self::Send(..) | Self::SendTicket(..) | Self::SendUsed(..) => "send",
            Self::Confirm(..) => "confirm",
            Self::Recall(_) => "recall",
        }
    }
}

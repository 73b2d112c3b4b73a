//! The flows that the program runs.

use std::convert::Infallible;

use bili_im_proto::{
    AnswerStep, Answered, Confirmation, Cursor, Error, Event, Flow, Input, Monotonic, Now,
    Outgoing, SendTicket, SentMessage, Step, SyncReport, SyncStep,
};

/// The step of a flow that an input is for. It comes too late when the flow has made further steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepId {
    pub(super) flow: u64,
    pub(super) step: u64,
}

pub(super) struct ActiveFlow {
    pub(super) flow: AnyFlow,
    /// How often the flow was resumed.
    pub(super) step: u64,
    /// The request that waits for its answer, as an index into the ledger.
    pub(super) request: Option<usize>,
    /// Whether it waits for a moment, and may be woken earlier.
    pub(super) waits: bool,
}

pub(super) enum AnyFlow {
    Begin(Flow<Infallible, Cursor>),
    Watch(Flow<Event, ()>),
    Prepare(usize, Flow<Infallible, SendTicket>),
    Send(usize, Flow<Infallible, SentMessage>),
    SendTicket(usize, Flow<SendTicket, SentMessage>),
    /// Sends a ticket that was used before, which must not send again.
    SendUsed(usize, Flow<SendTicket, SentMessage>),
    Confirm(usize, Flow<Infallible, Confirmation>),
    /// Finishes the send of a ticket, as of an answer.
    Settle(usize, Flow<AnswerStep, Answered>),
    Recall(Flow<Infallible, ()>),
    Sync(Flow<SyncStep, SyncReport>),
}

/// What a flow asks for, or how it ended.
pub(super) enum Progress {
    Send(Outgoing),
    WaitUntil(Monotonic),
    Event(Event),
    /// The program must store this.
    Keep(Box<SyncStep>),
    Synced(Result<SyncReport, Error>),
    /// The program must store the ticket before it sends.
    StoreTicket(usize, Box<SendTicket>),
    CursorReady(Result<Cursor, Error>),
    WatchEnded(Error),
    Prepared(usize, Result<SendTicket, Error>),
    Sent(usize, Result<SentMessage, Error>),
    /// The flow of a used ticket is about to send again, which breaks a law.
    SentUsedTicket(usize),
    Confirmed(usize, Result<Confirmation, Error>),
    /// A failure is waited for.
    Waits,
    Settled(usize, Result<Answered, Error>),
    Done,
}

impl AnyFlow {
    pub(super) fn resume(&mut self, now: Now, input: Input) -> Progress {
        fn progress<Output>(
            step: Step<Infallible, Output>,
            done: impl FnOnce(Result<Output, Error>) -> Progress,
        ) -> Progress {
            match step {
                Step::Send(outgoing) => Progress::Send(outgoing),
                Step::WaitUntil(moment) => Progress::WaitUntil(moment),
                Step::Item(never) => match never {},
                Step::Done(result) => done(result),
            }
        }
        match self {
            Self::Begin(flow) => progress(flow.resume(now, input), Progress::CursorReady),
            Self::Prepare(id, flow) => {
                progress(flow.resume(now, input), |r| Progress::Prepared(*id, r))
            }
            Self::Send(id, flow) => progress(flow.resume(now, input), |r| Progress::Sent(*id, r)),
            Self::Confirm(id, flow) => {
                progress(flow.resume(now, input), |r| Progress::Confirmed(*id, r))
            }
            Self::Recall(flow) => progress(flow.resume(now, input), |_| Progress::Done),
            Self::SendTicket(id, flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Progress::Send(outgoing),
                Step::WaitUntil(moment) => Progress::WaitUntil(moment),
                Step::Item(ticket) => Progress::StoreTicket(*id, Box::new(ticket)),
                Step::Done(result) => Progress::Sent(*id, result),
            },
            Self::Settle(id, flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Progress::Send(outgoing),
                Step::WaitUntil(moment) => Progress::WaitUntil(moment),
                Step::Item(AnswerStep::Store(ticket)) => Progress::StoreTicket(*id, ticket),
                Step::Item(_) => Progress::Waits,
                Step::Done(result) => Progress::Settled(*id, result),
            },
            Self::Sync(flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Progress::Send(outgoing),
                Step::WaitUntil(moment) => Progress::WaitUntil(moment),
                Step::Item(step) => Progress::Keep(Box::new(step)),
                Step::Done(result) => Progress::Synced(result),
            },
            Self::SendUsed(id, flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Progress::Send(outgoing),
                Step::WaitUntil(moment) => Progress::WaitUntil(moment),
                Step::Item(_) => Progress::SentUsedTicket(*id),
                Step::Done(_) => Progress::Done,
            },
            Self::Watch(flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Progress::Send(outgoing),
                Step::WaitUntil(moment) => Progress::WaitUntil(moment),
                Step::Item(event) => Progress::Event(event),
                Step::Done(Err(error)) => Progress::WatchEnded(error),
                Step::Done(Ok(())) => Progress::WatchEnded(Error::Finished),
            },
        }
    }

    /// The send that its requests belong to.
    pub(super) fn send(&self) -> Option<usize> {
        match self {
            Self::Send(id, _) | Self::SendTicket(id, _) | Self::Settle(id, _) => Some(*id),
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
            Self::Settle(..) => "settle",
            Self::Recall(_) => "recall",
            Self::Sync(_) => "sync",
        }
    }
}

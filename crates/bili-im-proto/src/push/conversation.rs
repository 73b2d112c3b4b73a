//! The conversation of a push session: connect, authenticate, subscribe, listen, begin again.

use std::{convert::Infallible, time::Duration};

use crate::{
    account::Account,
    ids::DeviceId,
    line::Line,
    printable::excerpt,
    push::{
        frame::{AUTH, Frame, HEARTBEAT, MESSAGE_ACK, Method, NOTIFICATIONS, SUBSCRIBE},
        handshake,
        notification::News,
        pace::{Folding, Waits},
        step::{PushEvent, PushStep},
    },
    time::Monotonic,
    watch::Hints,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The time between two heartbeats.
const BEAT: Duration = Duration::from_secs(20);

/// How many heartbeats in a row may be unanswered.
const UNANSWERED: u32 = 2;

/// How long a connection counts as live after a frame: two heartbeats, and a while for the answer.
const LIVE: Duration = Duration::from_secs(50);

/// The line between the conversation and its [`resume`](super::PushSession::resume).
pub(super) type PushLine = Line<PushStep, Reply>;

pub(super) enum Reply {
    Woken,
    Connected,
    Frame(Result<Frame, &'static str>),
    Closed(String),
}

/// How a connection ended.
enum End {
    /// By itself.
    Theirs(String),
    /// By us.
    Ours(String),
    KickedOut,
}

/// Holds one connection after the other.
pub(super) async fn converse(account: Account, hints: Hints, line: PushLine) -> Infallible {
    let mut waits = Waits::default();
    loop {
        let mut connection = Connection {
            account: &account,
            hints: &hints,
            line: &line,
            sequence: 0,
            live_since: None,
            folding: Folding::default(),
        };
        let Err(end) = connection.run().await;
        let (now, chance) = (line.now().mono, account.random_fraction());
        let lived = connection.live_since.map(|since| now.since(since));
        let (cause, wait) = match &end {
            End::Theirs(cause) => (shown(&account, cause), waits.after_loss(lived, chance)),
            End::Ours(cause) => (cause.clone(), waits.after_loss(lived, chance)),
            End::KickedOut => ("kicked out".to_owned(), waits.after_kick(lived, chance)),
        };
        hints.ended(cause.clone());
        let until = now.after(wait);
        if let End::KickedOut = end {
            line.ask(PushStep::Event(PushEvent::KickedOut)).await;
        }
        if !matches!(end, End::Theirs(_)) {
            line.ask(PushStep::Close).await;
        }
        let closed = PushEvent::Closed { cause, until };
        line.ask(PushStep::Event(closed)).await;
        while line.now().mono < until {
            line.ask(PushStep::WaitUntil(until)).await;
        }
    }
}

/// The driver's words about the end of a connection, without what a service may have put there.
fn shown(account: &Account, cause: &str) -> String {
    if account.credential().is_shown_in(cause.as_bytes()) {
        return "the connection ended".to_owned();
    }
    excerpt(cause.as_bytes(), 200)
}

/// One connection.
struct Connection<'a> {
    account: &'a Account,
    hints: &'a Hints,
    line: &'a PushLine,
    /// The number of frames that were sent.
    sequence: i64,
    live_since: Option<Monotonic>,
    folding: Folding,
}

impl Connection<'_> {
    async fn run(&mut self) -> Result<Infallible, End> {
        self.connect().await?;
        let guid = DeviceId::from_random(self.account.random_bytes());
        let guid = guid.as_str().to_ascii_lowercase();
        self.call(AUTH, &guid).await?;
        self.call(SUBSCRIBE, &NOTIFICATIONS.to_owned()).await?;
        self.live_since = Some(self.now());
        self.hints.live_until(self.now().after(LIVE));
        // Something may have changed while nobody listened.
        self.hints.hint();
        self.event(PushEvent::Live).await?;
        self.listen().await
    }

    async fn connect(&self) -> Result<(), End> {
        let context = self.account.context(self.line.now());
        let request = handshake::request(&context, self.account.random_bytes());
        match self.line.ask(PushStep::Connect(request)).await {
            Reply::Connected => Ok(()),
            Reply::Closed(cause) => Err(End::Theirs(cause)),
            Reply::Woken | Reply::Frame(_) => Err(ours("connecting was interrupted")),
        }
    }

    /// Sends a call, and waits for its answer.
    async fn call(&mut self, method: Method, request: &impl prost::Message) -> Result<(), End> {
        self.send(method, request).await?;
        let deadline = self.now().after(PATIENCE);
        while let Some(frame) = self.next(deadline).await? {
            if !frame.answers(method) {
                self.take(&frame).await?;
                continue;
            }
            return match frame.code() {
                0 => Ok(()),
                code => Err(ours(format!("{} was refused with {code}", method.0))),
            };
        }
        Err(ours(format!("{} was not answered", method.0)))
    }

    /// Takes notifications and keeps the connection alive.
    async fn listen(&mut self) -> Result<Infallible, End> {
        let mut beat = self.now().after(BEAT);
        let mut unanswered = 0;
        loop {
            let due = self.folding.due().map_or(beat, |due| due.min(beat));
            if let Some(frame) = self.next(due).await? {
                self.hints.live_until(self.now().after(LIVE));
                if frame.answers(HEARTBEAT) {
                    unanswered = 0;
                }
                self.take(&frame).await?;
            } else if self.folding.take_due(self.now()) {
                self.hints.hint();
                self.event(PushEvent::Changed(None)).await?;
            } else if unanswered == UNANSWERED {
                return Err(ours("heartbeats were not answered"));
            } else {
                unanswered += 1;
                beat = self.now().after(BEAT);
                self.send(HEARTBEAT, &()).await?;
            }
        }
    }

    /// Takes a frame that answers no call. Only notifications matter.
    async fn take(&mut self, frame: &Frame) -> Result<(), End> {
        if !frame.is_notification() {
            return Ok(());
        }
        if let Some(ack) = frame.wanted_ack() {
            self.send(MESSAGE_ACK, &ack).await?;
        }
        let event = match News::read(frame.value(), self.account.uid()) {
            News::Nothing => return Ok(()),
            News::KickedOut => return Err(End::KickedOut),
            News::Changed(talker) => PushEvent::Changed(talker),
            News::UnreadChanged => PushEvent::UnreadChanged,
        };
        self.hints.hint();
        if self.folding.admits(self.now()) {
            self.event(event).await?;
        }
        Ok(())
    }

    /// The next frame, or `None` when the moment has come.
    async fn next(&self, until: Monotonic) -> Result<Option<Frame>, End> {
        while self.now() < until {
            match self.line.ask(PushStep::WaitUntil(until)).await {
                Reply::Frame(frame) => return frame.map(Some).map_err(ours),
                Reply::Closed(cause) => return Err(End::Theirs(cause)),
                Reply::Woken | Reply::Connected => {}
            }
        }
        Ok(None)
    }

    async fn send(&mut self, method: Method, request: &impl prost::Message) -> Result<(), End> {
        self.sequence = self.sequence.wrapping_add(1);
        let frame = method.frame(self.sequence, request);
        self.done(PushStep::Send(frame)).await
    }

    async fn event(&self, event: PushEvent) -> Result<(), End> {
        self.done(PushStep::Event(event)).await
    }

    /// Waits until the driver has done something that has no answer.
    async fn done(&self, step: PushStep) -> Result<(), End> {
        match self.line.ask(step).await {
            Reply::Closed(cause) => return Err(End::Theirs(cause)),
            // Nobody waits for it here, but it may have told of a change.
            Reply::Frame(_) => self.hints.hint(),
            Reply::Woken | Reply::Connected => {}
        }
        Ok(())
    }

    fn now(&self) -> Monotonic {
        self.line.now().mono
    }
}

fn ours(cause: impl Into<String>) -> End {
    End::Ours(cause.into())
}

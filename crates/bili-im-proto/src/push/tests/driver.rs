//! A driver without a socket, whose clock goes when it is told.

use std::time::Duration;

use http::Request;

use crate::{
    Account, AccountBuilder, Credential, Hosts, Monotonic, Now, PushEvent, PushInput, PushSession,
    PushStep, Uid,
    push::tests::wire::{AUTH, Fields, SUBSCRIBE, answer},
};

pub(super) const SECRETS: [&str; 2] = ["topsecretsessdata", "0123456789abcdef0123456789abcdef"];

pub(super) fn builder() -> AccountBuilder {
    let [sessdata, bili_jct] = SECRETS;
    let credential = Credential::new(sessdata, bili_jct, Uid(5)).unwrap();
    Account::builder(credential, [7; 24])
}

pub(super) fn local() -> Hosts {
    Hosts::single("http://127.0.0.1:1".parse().unwrap())
}

pub(super) struct Driver {
    pub(super) session: PushSession,
    pub(super) now: Now,
}

impl Driver {
    pub(super) fn new() -> Self {
        Self {
            session: builder().hosts(local()).build().push_session(),
            now: Now {
                mono: Monotonic(Duration::from_secs(1000)),
                ..Now::default()
            },
        }
    }

    /// One that has subscribed, and waits.
    pub(super) fn live() -> Self {
        let mut driver = Self::new();
        driver.begin();
        driver.go_live();
        driver
    }

    /// Begins, up to the attempt to connect.
    pub(super) fn begin(&mut self) -> Request<()> {
        connect(self.resume(PushInput::Begin))
    }

    /// Goes on from an attempt to connect until it is live.
    pub(super) fn go_live(&mut self) {
        sent(self.resume(PushInput::Connected));
        self.go_on();
    }

    /// Goes on from the first frame until it is live.
    pub(super) fn go_on(&mut self) {
        self.wait();
        sent(self.frame(&answer(AUTH, 0)));
        self.wait();
        assert_eq!(event(self.frame(&answer(SUBSCRIBE, 0))), PushEvent::Live);
        self.wait();
    }

    pub(super) fn resume(&mut self, input: PushInput<'_>) -> PushStep {
        self.session.resume(self.now, input)
    }

    pub(super) fn frame(&mut self, frame: &[u8]) -> PushStep {
        self.resume(PushInput::Frame(frame))
    }

    /// Does what was asked for, after which it waits. Gives for how long.
    pub(super) fn wait(&mut self) -> Duration {
        let until = until(self.resume(PushInput::Woken));
        until.since(self.now.mono)
    }

    pub(super) fn pass(&mut self, duration: Duration) {
        self.now.mono = self.now.mono.after(duration);
    }

    /// Lets the time of a wait pass, and wakes it then.
    pub(super) fn wake(&mut self) -> PushStep {
        let wait = self.wait();
        self.pass(wait);
        self.resume(PushInput::Woken)
    }

    /// The cause of the end that this step begins, and the wait after it.
    pub(super) fn ended(&mut self, step: PushStep) -> (String, Duration) {
        let step = match step {
            PushStep::Close => self.resume(PushInput::Woken),
            step => step,
        };
        let PushEvent::Closed { cause, until } = event(step) else {
            panic!("it did not end")
        };
        let wait = until.since(self.now.mono);
        assert_eq!(self.wait(), wait, "it waits until the moment it told");
        (cause, wait)
    }

    pub(super) fn is_live(&self) -> bool {
        self.session
            .hints()
            .read()
            .live_until(self.now.mono)
            .is_some()
    }

    pub(super) fn hints(&self) -> u64 {
        self.session.hints().read().count
    }
}

pub(super) fn connect(step: PushStep) -> Request<()> {
    match step {
        PushStep::Connect(request) => request,
        other => panic!("{other:?}"),
    }
}

pub(super) fn sent(step: PushStep) -> Fields {
    match step {
        PushStep::Send(frame) => Fields::read(&frame),
        other => panic!("{other:?}"),
    }
}

pub(super) fn event(step: PushStep) -> PushEvent {
    match step {
        PushStep::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

pub(super) fn until(step: PushStep) -> Monotonic {
    match step {
        PushStep::WaitUntil(moment) => moment,
        other => panic!("{other:?}"),
    }
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

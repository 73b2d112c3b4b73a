//! A driver without a socket, whose clock goes when it is told.

use std::time::Duration;

use http::Request;

use crate::{
    Account, AccountBuilder, Credential, Monotonic, Now, PushEvent, PushInput, PushSession,
    PushStep, Uid,
    push::tests::wire::{AUTH, Fields, SUBSCRIBE, answer},
};

pub(super) const SECRETS: [&str; 2] = ["topsecretsessdata", "0123456789abcdef0123456789abcdef"];

/// The account 5, of the real service and paced as there.
pub(super) fn builder(entropy: u8) -> AccountBuilder {
    let [sessdata, bili_jct] = SECRETS;
    let credential = Credential::new(sessdata, bili_jct, Uid(5)).unwrap();
    Account::builder(credential, [entropy; 24])
}

pub(super) struct Driver {
    pub(super) session: PushSession,
    pub(super) now: Now,
}

impl Driver {
    pub(super) fn new() -> Self {
        Self::of(builder(7))
    }

    pub(super) fn of(builder: AccountBuilder) -> Self {
        let mono = Monotonic(seconds(1000));
        Self {
            session: builder.build().push_session(),
            now: Now {
                mono,
                ..Now::default()
            },
        }
    }

    /// One that waits, with so many of its two calls answered.
    pub(super) fn answered(calls: usize) -> Self {
        let mut driver = Self::new();
        driver.begin();
        driver.go_on(calls);
        driver
    }

    /// One that has subscribed, and waits.
    pub(super) fn live() -> Self {
        Self::answered(2)
    }

    /// Begins, up to the attempt to connect.
    pub(super) fn begin(&mut self) -> Request<()> {
        connect(self.resume(PushInput::Begin))
    }

    /// Goes on from an attempt to connect, with so many calls answered.
    pub(super) fn go_on(&mut self, answered: usize) {
        sent(self.resume(PushInput::Connected));
        self.wait();
        if answered > 0 {
            sent(self.frame(&answer(AUTH, 0)));
            self.wait();
        }
        if answered > 1 {
            assert_eq!(event(self.frame(&answer(SUBSCRIBE, 0))), PushEvent::Live);
            self.wait();
        }
    }

    pub(super) fn resume(&mut self, input: PushInput<'_>) -> PushStep {
        self.session.resume(self.now, input)
    }

    pub(super) fn frame(&mut self, frame: &[u8]) -> PushStep {
        self.resume(PushInput::Frame(frame))
    }

    /// Does what was asked for, after which it waits. Gives for how long.
    pub(super) fn wait(&mut self) -> Duration {
        until(self.resume(PushInput::Woken)).since(self.now.mono)
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

    /// Loses the connection. Gives the wait after it, and the cause that is shown.
    pub(super) fn lost(&mut self, cause: &str) -> (Duration, String) {
        let step = self.resume(PushInput::Closed(cause.to_owned()));
        self.ended(step)
    }

    /// The same after a step that closes the connection.
    pub(super) fn closed(&mut self, step: &PushStep) -> (Duration, String) {
        assert!(matches!(step, PushStep::Close), "{step:?}");
        let step = self.resume(PushInput::Woken);
        self.ended(step)
    }

    fn ended(&mut self, step: PushStep) -> (Duration, String) {
        let PushEvent::Closed { cause, until } = event(step) else {
            panic!("it did not end")
        };
        let wait = until.since(self.now.mono);
        assert_eq!(self.wait(), wait, "it waits until the moment it told");
        (wait, cause)
    }

    pub(super) fn is_live(&self) -> bool {
        let hinted = self.session.hints().read();
        hinted.live_until(self.now.mono).is_some()
    }

    pub(super) fn hints(&self) -> u64 {
        self.session.hints().read().count
    }
}

/// Functions that take what a step of one kind holds.
macro_rules! take {
    ($($name:ident: $kind:ident -> $held:ty;)*) => {$(
        pub(super) fn $name(step: PushStep) -> $held {
            match step {
                PushStep::$kind(held) => held,
                other => panic!("{other:?}"),
            }
        }
    )*};
}

take! {
    connect: Connect -> Request<()>;
    bytes_sent: Send -> Vec<u8>;
    event: Event -> PushEvent;
    until: WaitUntil -> Monotonic;
}

pub(super) fn sent(step: PushStep) -> Fields {
    Fields::read(&bytes_sent(step))
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

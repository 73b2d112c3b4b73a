//! What rules do.

use std::{sync::Arc, time::Duration};

use bili_im_archive::RuleRun;
use bili_im_json::ErrorJson;
use bili_im_proto::{SendContent, Talker, Text, UpdateIntercept};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::{
    join,
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use super::{
    decide::FRESH,
    rule::{Program, Rule},
};
use crate::{
    account::{Account, State},
    clock::now,
    core::Core,
    outlets::{Names, Note, link},
    program,
};

/// How long a program may run.
const LONGEST: Duration = Duration::from_secs(30);

/// Why a send may succeed when it is tried again. Then nothing was sent, or it is under way.
const PASSING: [&str; 5] = ["RateLimited", "Network", "NotSent", "Starting", "UnderWay"];

/// What all jobs of an account share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) names: Names,
    pub(super) answers: Semaphore,
    pub(super) programs: Semaphore,
}

/// All that a rule does because of a message.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) core: &'a Core,
    pub(super) account: &'a Arc<Account>,
    pub(super) common: &'a Common,
    pub(super) rule: &'a Rule,
    pub(super) run: RuleRun,
    /// The program's JSON of the event.
    pub(super) json: &'a Value,
    /// The name of who has written.
    pub(super) sender: &'a str,
    /// Until when it is tried. An answer ends earlier when it was decided long ago.
    pub(super) until: Instant,
}

impl Work<'_> {
    /// Does all of it. What fails is logged, and disturbs nothing else.
    ///
    /// # Errors
    /// When the queue cannot be used. Then nothing was sent.
    pub(super) async fn act(&self) -> Result<(), ErrorJson> {
        let then = &self.rule.then;
        let answer = match self.run.answer.is_some() {
            true => self.rule.answer(self.json, self.sender),
            false => None,
        };
        if let Some(answer) = &answer {
            self.keep(answer).await?;
        }
        if then.answer.is_some() && self.run.answer.is_none() {
            self.withheld();
        }
        join!(
            self.done("answer", answer.map(|answer| self.answer(answer))),
            self.done("notify", then.notify.as_ref().map(|name| self.notify(name))),
            self.done("tag", then.tag.clone().map(|tag| self.tag(tag))),
            self.done("intercept", then.intercept.then(|| self.intercept())),
            self.done(
                "run",
                then.run.as_ref().map(|program| self.execute(program))
            ),
        );
        Ok(())
    }

    /// Does what there is to do, and says what has become of it.
    async fn done(&self, action: &str, work: Option<impl Future<Output = Result<(), String>>>) {
        if let Some(work) = work {
            self.said(action, work.await);
        }
    }

    /// The limits have kept an answer back: too many of them, an echo, or an old message.
    fn withheld(&self) {
        self.count("answer", "limited");
        let (account, rule) = (self.account.name(), &self.rule.name);
        tracing::info!(account, rule, "the limits withhold an answer");
    }

    fn count(&self, action: &str, result: &str) {
        let labels = [
            ("rule", &*self.rule.name),
            ("action", action),
            ("result", result),
        ];
        let metrics = &self.core.shared().metrics;
        metrics.count("bili_im_rules_total", &labels);
    }

    /// Until when an answer is fresh.
    fn answer_until(&self) -> Instant {
        let fresh = (self.run.time.saturating_add(FRESH)).saturating_sub(now());
        Instant::now() + Duration::from_secs(fresh)
    }

    fn said(&self, action: &str, done: Result<(), String>) {
        self.count(action, if done.is_ok() { "done" } else { "failed" });
        let rule = &self.rule.name;
        match done {
            Ok(()) => tracing::info!(rule, action, "rule"),
            Err(why) => tracing::warn!(rule, action, why, "rule"),
        }
    }

    /// Keeps what is answered, so that its echo is known.
    async fn keep(&self, answer: &str) -> Result<(), ErrorJson> {
        let (rule, event) = (self.run.rule.clone(), self.run.event);
        let answer = answer.to_owned();
        let kept = self
            .account
            .queue(move |queue| queue.keep_rule_answer(&rule, event, &answer));
        kept.await
    }

    /// Answers, once: the same event gives the same key. While the account is held, it waits.
    async fn answer(&self, answer: String) -> Result<(), String> {
        let (talker, until) = (self.talker()?, self.answer_until());
        if until <= Instant::now() {
            return Err("it is too late".to_owned());
        }
        let text = Text::new(answer).map_err(|error| error.to_string())?;
        let key = format!("rule/{}/{}", self.run.rule, self.run.event);
        let content = SendContent::from(text);
        self.insist(until, || {
            let (key, content) = (Some(key.clone()), content.clone());
            Box::pin(async move {
                let _permit = self.common.answers.acquire().await;
                self.account.send(key, talker, content).await.map(drop)
            })
        })
        .await
    }

    /// Tries something until it is done, refused or too late. While the account is held, it waits.
    async fn insist<'a>(
        &'a self,
        until: Instant,
        work: impl Fn() -> BoxFuture<'a, Result<(), Value>>,
    ) -> Result<(), String> {
        loop {
            self.account
                .wait_until_working(until - Instant::now())
                .await;
            let Err(error) = work().await else {
                return Ok(());
            };
            self.account.look_again_after(&error).await;
            let word = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
            let is_held = !matches!(self.account.state(), State::Working);
            let may_pass = is_held || PASSING.contains(&word("kind"));
            let asked = error.get("retry_after_seconds").and_then(Value::as_u64);
            let wait = self.core.shared().limits.first_wait;
            let wait = wait.max(Duration::from_secs(asked.unwrap_or_default()));
            if !may_pass || Instant::now() + wait >= until {
                return Err(word("message").to_owned());
            }
            sleep(wait).await;
        }
    }

    async fn notify(&self, name: &str) -> Result<(), String> {
        let note = Note {
            title: format!("{} · {}", self.sender, self.rule.name),
            text: self.rule.notification(self.json, self.sender),
            link: link(self.json),
        };
        let rest = self.until - Instant::now();
        let told = self.core.notify(name, &note, rest).await;
        told.map_err(|error| error.to_string())
    }

    async fn tag(&self, tag: String) -> Result<(), String> {
        let talker = self.talker()?;
        let tagged = self.account.queue(move |queue| queue.tag(talker, &tag));
        tagged.await.map_err(|error| error.message.to_string())
    }

    async fn intercept(&self) -> Result<(), String> {
        let Talker::User(uid) = self.talker()? else {
            return Err("only a user can be intercepted".to_owned());
        };
        let json = |error: ErrorJson| serde_json::to_value(error).unwrap_or_default();
        self.insist(self.until, || {
            Box::pin(async move {
                let client = self.account.client().map_err(json)?;
                let changed = client.call(UpdateIntercept::new(uid, true)).await;
                changed.map_err(|error| json(error.into()))
            })
        })
        .await
    }

    /// Runs a program. It reads the event's JSON.
    async fn execute(&self, program: &Program) -> Result<(), String> {
        let permit = timeout_at(self.until, self.common.programs.acquire());
        let _permit = permit.await.map_err(|_| "earlier programs take too long")?;
        let json = self.json.to_string();
        program::run(&program.path, &program.arguments, json.as_bytes(), LONGEST).await
    }

    fn talker(&self) -> Result<Talker, String> {
        let talker = self.json.get("talker").cloned().unwrap_or_default();
        serde_json::from_value(talker).map_err(|error| error.to_string())
    }
}

//! What rules do.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use bili_im_archive::RuleRun;
use bili_im_json::ErrorJson;
use bili_im_proto::{SendContent, Talker, Text, UpdateIntercept};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    decide::FRESH,
    rule::{Program, Rule},
};
use crate::{
    account::Account,
    core::Core,
    outlets::{Note, Notifiers, cut, link, said, value},
    program,
    shared::now,
};

/// How long a program may run.
const LONGEST: Duration = Duration::from_secs(30);

/// How many programs run at once.
static PROGRAMS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));

/// The most bytes of an answer. The service takes 2,000 of its JSON.
const ANSWER: usize = 1_500;

/// All that a rule does because of a message.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) core: &'a Core,
    pub(super) account: &'a Arc<Account>,
    pub(super) rule: &'a Rule,
    pub(super) run: RuleRun,
    /// The program's JSON of the event.
    pub(super) json: &'a Value,
    /// The name of who has written.
    pub(super) sender: &'a str,
}

impl Work<'_> {
    /// Does all of it. What fails is logged, and disturbs nothing else.
    ///
    /// # Errors
    /// When the queue cannot be used. Then nothing was sent.
    pub(super) async fn act(&self) -> Result<(), ErrorJson> {
        let then = &self.rule.then;
        let answer = then.answer.as_ref().filter(|_| self.run.answer.is_some());
        if let Some(answer) = answer {
            let answer = cut(&answer.fill(|name| self.field(name)), ANSWER);
            self.keep(&answer).await?;
            self.said("answer", self.answer(answer).await);
        }
        if let Some(name) = &then.notify {
            let note = Note {
                title: format!("{} · {}", self.sender, self.rule.name),
                text: match &then.notify_text {
                    Some(text) => text.fill(|name| self.field(name)),
                    None => said(self.json).to_owned(),
                },
                link: link(self.json),
            };
            let notifiers = Notifiers::new(self.core);
            let told = notifiers.deliver(name, &note, self.rest()).await;
            self.said("notify", told.map_err(|error| error.to_string()));
        }
        if let Some(tag) = &then.tag {
            self.said("tag", self.tag(tag.clone()).await);
        }
        if then.intercept {
            self.said("intercept", self.intercept().await);
        }
        if let Some(program) = &then.run {
            self.said("run", self.execute(program).await);
        }
        Ok(())
    }

    /// The value of a field of a template.
    fn field(&self, name: &str) -> String {
        match name.parse::<usize>() {
            Ok(number) => {
                let groups = self.rule.groups(said(self.json)).unwrap_or_default();
                let group = groups.get(number.saturating_sub(1));
                group.map_or_else(String::new, |group| (*group).to_owned())
            }
            Err(_) => value(name, self.json, self.sender),
        }
    }

    /// For how long it makes sense to go on.
    fn rest(&self) -> Duration {
        let ends = self.run.time.saturating_add(FRESH);
        Duration::from_secs(ends.saturating_sub(now()))
    }

    fn said(&self, action: &str, done: Result<(), String>) {
        let result = if done.is_ok() { "done" } else { "failed" };
        let labels = [
            ("rule", &*self.rule.name),
            ("action", action),
            ("result", result),
        ];
        let metrics = &self.core.shared().metrics;
        metrics.count("bili_im_rules_total", &labels);
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
        let talker = self.talker()?;
        if self.rest().is_zero() {
            return Err("it is too late".to_owned());
        }
        let text = Text::new(answer).map_err(|error| error.to_string())?;
        self.account.works_within(self.rest()).await;
        let key = format!("rule/{}/{}", self.run.rule, self.run.event);
        let content = SendContent::from(text);
        let sent = self.account.send(Some(key), talker, content).await;
        sent.map(drop).map_err(|error| {
            let why = error.get("message").and_then(Value::as_str);
            why.unwrap_or("it failed").to_owned()
        })
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
        self.account.works_within(self.rest()).await;
        let client = self.account.client();
        let client = client.map_err(|error| error.message.to_string())?;
        let changed = client.call(UpdateIntercept::new(uid, true)).await;
        changed.map_err(|error| error.to_string())
    }

    /// Runs a program. It reads the event's JSON.
    async fn execute(&self, program: &Program) -> Result<(), String> {
        let _permit = PROGRAMS.acquire().await;
        let json = self.json.to_string();
        program::run(&program.path, &program.arguments, json.as_bytes(), LONGEST).await
    }

    fn talker(&self) -> Result<Talker, String> {
        let talker = self.json.get("talker").cloned().unwrap_or_default();
        serde_json::from_value(talker).map_err(|error| error.to_string())
    }
}

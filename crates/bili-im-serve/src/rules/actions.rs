//! What rules do.

use std::{
    process::Stdio,
    sync::{Arc, LazyLock},
    time::Duration,
};

use bili_im_archive::RuleRun;
use bili_im_proto::{SendContent, Talker, Text, Uid, UpdateIntercept};
use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore, time::timeout};

use super::{
    decide::{Facts, Firing},
    rule::Rule,
};
use crate::{
    core::Core,
    outlets::{Note, Notifiers, cut, link, value},
    shared::COOKIE,
};

/// How long a program may run.
const LONGEST: Duration = Duration::from_secs(30);

/// How many programs run at once.
static PROGRAMS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));

/// The most bytes of an answer. The service takes 2,000 of its JSON.
const ANSWER: usize = 1_500;

/// All that a rule does because of a message.
#[derive(Debug)]
pub(super) struct Work {
    rule: Arc<Rule>,
    event: u64,
    account: String,
    talker: Talker,
    person: Uid,
    answer: Option<String>,
    note: Option<Note>,
    json: Value,
}

impl Work {
    /// What is to be done; `sender` is the person's name.
    pub(super) fn new(
        firing: &Firing<'_>,
        rule: Arc<Rule>,
        facts: &Facts<'_>,
        json: &Value,
        sender: &str,
    ) -> Self {
        let field = |name: &str| match name.parse::<usize>() {
            Ok(number) => {
                let group = firing.groups.get(number.saturating_sub(1));
                group.cloned().unwrap_or_default()
            }
            Err(_) => value(name, json, sender),
        };
        let then = &rule.then;
        let answer = then.answer.as_ref().filter(|_| firing.answers);
        let answer = answer.map(|answer| cut(&answer.fill(field), ANSWER));
        let note = then.notify.as_ref().map(|_| Note {
            title: format!("{sender} · {}", rule.name),
            text: match &then.notify_text {
                Some(text) => text.fill(field),
                None => facts.text.to_owned(),
            },
            link: link(json),
        });
        Self {
            event: facts.event,
            account: facts.account.to_owned(),
            talker: facts.talker,
            person: facts.person,
            answer,
            note,
            json: json.clone(),
            rule,
        }
    }

    /// How it counts against the rule's limits.
    pub(super) fn run(&self, now: u64) -> RuleRun {
        RuleRun {
            rule: self.rule.name.clone(),
            event: self.event,
            person: self.person,
            time: now,
            answer: self.answer.clone(),
        }
    }

    /// Does all of it. What fails is logged, and disturbs nothing else.
    pub(super) async fn act(&self, core: &Core) {
        if let Some(answer) = &self.answer {
            self.said(core, "answer", self.answer(core, answer).await);
        }
        if let (Some(note), Some(name)) = (&self.note, &self.rule.then.notify) {
            let sent = Notifiers::new(core).send(name, note.clone()).await;
            self.said(core, "notify", sent.map_err(|error| error.to_string()));
        }
        if let Some(tag) = &self.rule.then.tag {
            self.said(core, "tag", self.tag(core, tag.clone()).await);
        }
        if self.rule.then.intercept {
            self.said(core, "intercept", self.intercept(core).await);
        }
        if let Some(run) = &self.rule.then.run {
            self.said(core, "run", self.execute(run).await);
        }
    }

    fn said(&self, core: &Core, action: &str, done: Result<(), String>) {
        let result = if done.is_ok() { "done" } else { "failed" };
        let labels = [
            ("rule", &*self.rule.name),
            ("action", action),
            ("result", result),
        ];
        core.shared().metrics.count("bili_im_rules_total", &labels);
        let rule = &self.rule.name;
        match done {
            Ok(()) => tracing::info!(rule, action, "rule"),
            Err(why) => tracing::warn!(rule, action, why, "rule"),
        }
    }

    /// Answers, once: the same event gives the same key.
    async fn answer(&self, core: &Core, answer: &str) -> Result<(), String> {
        let account = core.account(&self.account).ok_or("the account is gone")?;
        account.started().await;
        let text = Text::new(answer).map_err(|error| error.to_string())?;
        let key = format!("rule/{}/{}", self.rule.name, self.event);
        let sent = account
            .send(Some(key), self.talker, SendContent::from(text))
            .await;
        sent.map(drop).map_err(|error| {
            let why = error.get("message").and_then(Value::as_str);
            why.unwrap_or("it failed").to_owned()
        })
    }

    async fn tag(&self, core: &Core, tag: String) -> Result<(), String> {
        let account = core.account(&self.account).ok_or("the account is gone")?;
        let talker = self.talker;
        let tagged = account.queue(move |queue| queue.tag(talker, &tag)).await;
        tagged.map_err(|error| error.message.to_string())
    }

    async fn intercept(&self, core: &Core) -> Result<(), String> {
        let Talker::User(uid) = self.talker else {
            return Err("only a user can be intercepted".to_owned());
        };
        let account = core.account(&self.account).ok_or("the account is gone")?;
        let client = account
            .client()
            .map_err(|error| error.message.to_string())?;
        let changed = client.call(UpdateIntercept::new(uid, true)).await;
        changed.map_err(|error| error.to_string())
    }

    /// Runs a program, without a shell. It reads the event's JSON.
    async fn execute(&self, run: &[String]) -> Result<(), String> {
        let (program, arguments) = run.split_first().ok_or("there is no program")?;
        let _permit = PROGRAMS.acquire().await;
        let mut child = Command::new(program)
            .args(arguments)
            .env_remove(COOKIE)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().ok_or("it has no standard input")?;
        let json = self.json.to_string();
        let ended = async {
            // A program need not read.
            let _read = stdin.write_all(json.as_bytes()).await;
            drop(stdin);
            child.wait().await
        };
        match timeout(LONGEST, ended).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(status.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it did not end within 30 s".to_owned()),
        }
    }
}

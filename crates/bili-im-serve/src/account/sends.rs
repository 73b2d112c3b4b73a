//! Sends, each done once.

use std::{fmt::Write, sync::Arc, time::Duration};

use bili_im_json::{ErrorJson, Exit, SendJson};
use bili_im_proto::{Confirmation, Error, SendContent, SendTicket, SentMessage, Talker};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    handle::Account,
    outbox::{Outcome, UnderWay},
    outcome::{key_reused, not_sent, too_many, unconfirmed, under_way, value},
    state::State,
};
use crate::{error::removed, lock::lock};

/// The longest wait before it is looked again what became of a send.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Ends a send that is under way, also when its task ends early.
struct Finish(Arc<Account>, String);

impl Drop for Finish {
    fn drop(&mut self) {
        lock(&self.0.outbox.under_way).remove(&self.1);
    }
}

impl Account {
    /// Sends a message, once for each key. The same key again gives the same outcome.
    ///
    /// # Errors
    /// The error as JSON. When nothing was sent, and trying again may help, the key is free again.
    pub async fn send(
        self: &Arc<Self>,
        key: Option<String>,
        talker: Talker,
        content: SendContent,
    ) -> Result<Value, Value> {
        let key = key.map_or_else(random_key, Ok);
        let sent = match key.and_then(|key| self.begin(key, None, talker, content)) {
            Ok(mut outcome) => {
                let most = self.shared.limits.send;
                match timeout(most, outcome.wait_for(Option::is_some)).await {
                    Ok(Ok(outcome)) => outcome.clone().unwrap_or_else(|| Err(under_way())),
                    _ => Err(under_way()),
                }
            }
            Err(refused) => Err(value(&refused)),
        };
        let outcome = match &sent {
            Ok(_) => "sent",
            Err(error) if error["kind"] == "Unconfirmed" => "unconfirmed",
            Err(error) if error["kind"] == "UnderWay" => "under_way",
            Err(_) => "not_sent",
        };
        let labels = [("account", self.name()), ("outcome", outcome)];
        self.shared.metrics.count("bili_im_sends_total", &labels);
        sent
    }

    /// Finds out what became of the sends of an earlier process.
    pub(super) async fn finish_sends(self: &Arc<Self>) -> Result<(), ErrorJson> {
        for (key, ticket) in self.queue(|queue| queue.unfinished_sends()).await? {
            let (talker, content) = (ticket.talker(), ticket.content().clone());
            // Those of this process are under way already.
            let _begun = self.begin(key, Some(ticket), talker, content);
        }
        Ok(())
    }

    /// Begins a send, or joins it when it is under way.
    fn begin(
        self: &Arc<Self>,
        key: String,
        ticket: Option<SendTicket>,
        talker: Talker,
        content: SendContent,
    ) -> Result<watch::Receiver<Option<Outcome>>, ErrorJson> {
        if matches!(self.state(), State::Removed) {
            return Err(removed());
        }
        let mut under_way = lock(&self.outbox.under_way);
        if let Some(same) = under_way.get(&key) {
            return match same.talker == talker && same.content == content {
                true => Ok(same.outcome.clone()),
                false => Err(key_reused()),
            };
        }
        if ticket.is_none() && under_way.len() >= self.shared.limits.sends {
            return Err(too_many());
        }
        let (tell, outcome) = watch::channel(None);
        let entry = UnderWay {
            talker,
            content: content.clone(),
            outcome: outcome.clone(),
        };
        under_way.insert(key.clone(), entry);
        drop(under_way);
        let finish = Finish(Arc::clone(self), key.clone());
        let mut tasks = lock(&self.outbox.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let account = &finish.0;
            let outcome = match ticket {
                Some(ticket) => account.settle(&key, ticket).await,
                None => account.once(&key, talker, content).await,
            };
            tell.send_replace(Some(outcome));
        });
        Ok(outcome)
    }

    /// Sends, unless the key has an outcome or was under way in an earlier process.
    async fn once(&self, key: &str, talker: Talker, content: SendContent) -> Outcome {
        let stored = {
            let key = key.to_owned();
            self.queue(move |queue| queue.send(&key)).await
        };
        match stored.map_err(|error| value(&error))? {
            Some(stored)
                if stored.ticket.talker() != talker || *stored.ticket.content() != content =>
            {
                Err(value(&key_reused()))
            }
            Some(stored) => match stored.outcome {
                Some(outcome) => stored_outcome(&outcome),
                None => self.settle(key, stored.ticket).await,
            },
            None => self.first(key, talker, content).await,
        }
    }

    async fn first(&self, key: &str, talker: Talker, content: SendContent) -> Outcome {
        let client = self.client().map_err(|error| value(&error))?;
        let ticket = client.prepare_send(talker, content).await;
        let mut begun = ticket.map_err(|error| value(&ErrorJson::from(error)))?;
        (self.keep_ticket(key, begun.clone()).await).map_err(|error| value(&error))?;
        let sent = client
            .send_ticket(begun.clone(), |ticket| {
                begun.clone_from(&ticket);
                async { self.keep_ticket(key, ticket).await.map_err(Failed::Store) }
            })
            .await;
        match sent {
            Ok(sent) => self.sent(key, talker, sent).await,
            // Whatever ends a login passes: then the same send may succeed.
            Err(Failed::Call(error @ Error::Refused(_)))
                if error.took_no_effect() && !error.ends_login() =>
            {
                self.finish(key, Err(value(&ErrorJson::from(error)))).await
            }
            Err(Failed::Call(error)) if error.took_no_effect() => {
                self.forget(key, ErrorJson::from(error)).await
            }
            Err(Failed::Call(_)) => self.settle(key, begun).await,
            // The request has not left.
            Err(Failed::Store(error)) => self.forget(key, error).await,
        }
    }

    /// Finds out what became of a send. Never sends.
    async fn settle(&self, key: &str, ticket: SendTicket) -> Outcome {
        let talker = ticket.talker();
        let mut pause = self.shared.limits.first_wait;
        loop {
            let confirmed = match self.client() {
                Ok(client) => Some(client.confirm(ticket.clone()).await),
                Err(_) => None,
            };
            match confirmed {
                Some(Ok(Confirmation::Sent(msg_key))) => {
                    let sent = value(&SendJson::read_back(talker, msg_key));
                    return self.finish(key, Ok(sent)).await;
                }
                Some(Ok(Confirmation::Absent(_))) => return self.forget(key, not_sent()).await,
                Some(Ok(_) | Err(Error::Invalid(_))) => {
                    return self.finish(key, Err(value(&unconfirmed()))).await;
                }
                Some(Err(_)) | None => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn sent(&self, key: &str, talker: Talker, sent: SentMessage) -> Outcome {
        let sent = value(&SendJson::new(talker, sent));
        self.finish(key, Ok(sent)).await
    }

    async fn keep_ticket(&self, key: &str, ticket: SendTicket) -> Result<(), ErrorJson> {
        let key = key.to_owned();
        self.queue(move |queue| queue.keep_ticket(&key, &ticket))
            .await
    }

    /// Stores an outcome. When that fails, the next process finds it out again.
    async fn finish(&self, key: &str, outcome: Outcome) -> Outcome {
        let stored = match &outcome {
            Ok(sent) => json!({ "sent": sent }),
            Err(error) => json!({ "error": error }),
        };
        let key = key.to_owned();
        let _found_out_later = self
            .queue(move |queue| queue.finish_send(&key, &stored.to_string()))
            .await;
        outcome
    }

    async fn forget(&self, key: &str, error: ErrorJson) -> Outcome {
        let key = key.to_owned();
        let _found_out_later = self.queue(move |queue| queue.forget_send(&key)).await;
        Err(value(&error))
    }
}

/// Why a ticket was not sent.
enum Failed {
    Call(Error),
    Store(ErrorJson),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// The outcome of an earlier call, which says so.
fn stored_outcome(stored: &str) -> Outcome {
    let mut stored: Value = serde_json::from_str(stored).unwrap_or_default();
    let mut take = |name| {
        let mut outcome = stored.get_mut(name).map(Value::take)?;
        if let Value::Object(fields) = &mut outcome {
            fields.insert("stored".to_owned(), true.into());
        }
        Some(outcome)
    };
    match take("sent") {
        Some(sent) => Ok(sent),
        None => Err(take("error").unwrap_or_default()),
    }
}

fn random_key() -> Result<String, ErrorJson> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|failed| ErrorJson::new(Exit::Other, "Other", failed.to_string()))?;
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _in_memory = write!(hex, "{byte:02x}");
        hex
    });
    Ok(format!("auto-{hex}"))
}

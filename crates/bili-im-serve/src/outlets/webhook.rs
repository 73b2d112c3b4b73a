//! Webhooks: each event is posted, signed, until the receiver has taken it.

use std::{fmt::Write, time::Duration};

use bili_im_json::ErrorJson;
use http::{Request, header::CONTENT_TYPE};
use ring::hmac;
use tokio::time::sleep;

use super::{
    feed::Feed,
    filter::{self, Filter},
    post::{Poster, Refusal},
    secret::Secret,
    table::Table,
    waits::Waits,
};
use crate::{clock::now, core::Core, item::Item, rights::Rights, toml_file::Fault};

/// The fewest characters of a secret.
const SHORTEST: usize = 16;

/// A webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    name: String,
    rights: Rights,
    filter: Filter,
    url: Secret,
    secret: Secret,
}

impl Webhook {
    pub(super) fn new(name: String, table: &mut Table<'_>) -> Result<Self, Fault> {
        let what = (
            "16 characters at least: openssl rand -hex 24",
            "密钥，至少 16 个字符：openssl rand -hex 24",
        );
        let secret = table.need_secret("secret", what)?;
        if secret.expose().chars().count() < SHORTEST {
            return Err(table.wrong("secret", what));
        }
        let filter = Filter {
            events: filter::events(table)?,
            own: table.flag("own")?.unwrap_or(true),
            ..Filter::default()
        };
        Ok(Self {
            url: table.address()?,
            rights: filter::rights(table, format!("hook/{name}"))?,
            name,
            filter,
            secret,
        })
    }

    pub(super) fn consumer(&self) -> &str {
        &self.rights.name
    }

    /// Posts an item, once.
    pub(crate) async fn attempt(&self, poster: &Poster, item: &Item) -> Result<(), Refusal> {
        let body = item.json().to_string();
        let request = self.request(&item.key(), body, now());
        let request = request.map_err(|error| Refusal::passing(error.to_string()))?;
        poster.post(request).await?.check()
    }

    fn request(&self, key: &str, body: String, time: u64) -> http::Result<Request<Vec<u8>>> {
        let signature = self.signature(time, &body);
        Request::post(self.url.expose())
            .header(CONTENT_TYPE, "application/json")
            .header("x-bili-im-id", key)
            .header("x-bili-im-timestamp", time)
            .header("x-bili-im-signature", format!("sha256={signature}"))
            .body(body.into_bytes())
    }

    fn signature(&self, time: u64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose().as_bytes());
        let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
        tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
            let _in_memory = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Tells all events, until the process ends.
    ///
    /// # Errors
    /// When the queue cannot be used.
    pub(super) async fn run(&self, core: &Core, poster: &Poster) -> Result<(), ErrorJson> {
        loop {
            let mut feed = Feed::new(core, &self.rights);
            loop {
                let Some(item) = feed.next().await? else {
                    return Ok(());
                };
                let id = item.id();
                if !self.filter.takes(&item, &item.json()) {
                    feed.skip(id);
                } else if self.deliver(core, poster, item).await? {
                    feed.handled(id).await?;
                } else {
                    // The queue has dropped it. Read anew, it is told what was dropped.
                    break;
                }
            }
        }
    }

    /// Delivers an item, or keeps it as a dead letter. Returns `false` when the queue has dropped it
    /// meanwhile.
    async fn deliver(&self, core: &Core, poster: &Poster, item: Item) -> Result<bool, ErrorJson> {
        let limits = &core.shared().limits.outlets;
        let mut waits = Waits::new(limits, limits.webhook);
        let mut item = item;
        for attempts in 1.. {
            let Err(refusal) = self.attempt(poster, &item).await else {
                self.count(core, "delivered");
                break;
            };
            match waits.next(refusal.wait).filter(|_| !refusal.is_final) {
                Some(wait) => self.pause(core, &refusal, wait).await,
                None => {
                    self.bury(core, &item, attempts, &refusal.why).await?;
                    break;
                }
            }
            // It may have been recalled meanwhile.
            match reread(core, item).await? {
                Some(current) => item = current,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn pause(&self, core: &Core, refusal: &Refusal, wait: Duration) {
        self.count(core, "retried");
        let (outlet, why) = (self.consumer(), &refusal.why);
        tracing::info!(outlet, why, seconds = wait.as_secs(), "the webhook waits");
        sleep(wait).await;
    }

    async fn bury(
        &self,
        core: &Core,
        item: &Item,
        attempts: u64,
        why: &str,
    ) -> Result<(), ErrorJson> {
        self.count(core, "dead");
        let (outlet, id) = (self.consumer(), item.id());
        tracing::warn!(outlet, id, attempts, why, "dead letter");
        let Item::Event { account, .. } = item else {
            return Ok(());
        };
        let Some(account) = core.account(account) else {
            return Ok(());
        };
        let (name, why) = (self.name.clone(), why.to_owned());
        account
            .queue(move |queue| queue.bury(&name, id, attempts, &why))
            .await
    }

    fn count(&self, core: &Core, result: &str) {
        let labels = [("outlet", self.consumer()), ("result", result)];
        core.shared().metrics.count("bili_im_outlet_total", &labels);
    }
}

/// An item as it is queued now; `None` when it no longer is.
async fn reread(core: &Core, item: Item) -> Result<Option<Item>, ErrorJson> {
    let Item::Event { account, event } = item else {
        return Ok(Some(item));
    };
    let Some(running) = core.account(&account) else {
        return Ok(None);
    };
    let id = event.place.id;
    let read = running.queue(move |queue| queue.read(id.saturating_sub(1), id, 1));
    let event = read.await?.pop();
    Ok(event.map(|event| Item::Event { account, event }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_events_id_and_a_signature_of_time_and_body() {
        let webhook = Webhook {
            name: "crm".to_owned(),
            rights: Rights::all("hook/crm"),
            filter: Filter::default(),
            url: Secret::from("https://example.com/hook?key=k".to_owned()),
            secret: Secret::from("0123456789abcdef".to_owned()),
        };
        let body = r#"{"event":"message","text":"你好"}"#.to_owned();
        let request = webhook.request("7", body, 1_700_000_000).unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert_eq!(header("x-bili-im-id"), "7");
        assert_eq!(header("x-bili-im-timestamp"), "1700000000");
        // Python: hmac.new(secret, b"1700000000." + body, "sha256").hexdigest()
        assert_eq!(
            header("x-bili-im-signature"),
            "sha256=7a07e9adecd51e6e8375a511351b3ba90742b1857c78d79cabad98ad8ff4c2b7"
        );
        assert!(!format!("{webhook:?}").contains("0123456789abcdef"));
        assert!(!format!("{webhook:?}").contains("key=k"));
    }
}

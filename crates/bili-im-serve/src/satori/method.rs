//! The methods, each a call of the program's own under another name.

use std::sync::Arc;

use bili_im_proto::{Talker, Text};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    content::{Part, Picture, to_parts},
    login::login,
    picture::{self, Place},
    refusal::Refusal,
    resources::{channel, extend, fields_of, message, sender, talker_of, text, user},
};
use crate::{account::Account, core::Core, rights::Rights, rpc::Call};

/// The most messages that one content is sent as.
const MOST_PARTS: usize = 10;

/// How many messages are listed, and looked through for one.
const PAGE: u64 = 50;
const NEWEST: u64 = 100;

/// A call of a method.
pub(super) struct Request {
    pub(super) core: Core,
    pub(super) rights: Rights,
    pub(super) account: Arc<Account>,
    pub(super) params: Map<String, Value>,
    pub(super) idempotency_key: Option<String>,
}

impl Request {
    /// Runs a method.
    pub(super) async fn run(&self, method: &str) -> Result<Value, Refusal> {
        match method {
            "login.get" => Ok(login(&self.account)),
            "user.get" => self.user(self.text("user_id")?).await,
            "user.channel.create" => self.user_channel(),
            "friend.list" => self.friends().await,
            "channel.get" => self.channel().await,
            "channel.list" => self.channels(),
            "message.create" => self.create().await,
            "message.delete" => self.delete().await,
            "message.get" => self.get().await,
            "message.list" => self.list().await,
            // The service has groups with members and administrators.
            guild if guild.starts_with("guild.") => {
                let words = "groups are only there as channels";
                Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, words))
            }
            _ => Err(Refusal::new(
                StatusCode::NOT_FOUND,
                "the service cannot do this",
            )),
        }
    }

    async fn user(&self, uid: &str) -> Result<Value, Refusal> {
        let people = self.call("who", json!({ "uids": [uid] })).await?;
        let known = people.get("users").and_then(|users| users.get(0));
        let known = known.ok_or_else(|| nothing("there is no such user"))?;
        Ok(user(uid, text(known, "name"), text(known, "face")))
    }

    fn user_channel(&self) -> Result<Value, Refusal> {
        let uid = self.text("user_id")?;
        let talker = talker_of(&format!("user:{uid}"));
        let talker = talker.ok_or_else(|| Refusal::bad("user_id is a number"))?;
        Ok(channel(talker, None))
    }

    /// The users with whom there are conversations, which is the closest to friends that the
    /// service has.
    async fn friends(&self) -> Result<Value, Refusal> {
        let sessions = self.call("sessions", json!({ "all": true })).await?;
        let friends = array(&sessions, "sessions").filter_map(|session| {
            let uid = text(session.get("talker")?, "user")?;
            let info = session.get("account_info");
            let avatar = info.and_then(|info| text(info, "pic_url"));
            Some(json!({ "user": user(uid, text(session, "name"), avatar) }))
        });
        Ok(json!({ "data": friends.collect::<Vec<_>>() }))
    }

    async fn channel(&self) -> Result<Value, Refusal> {
        let talker = self.talker()?;
        match talker {
            Talker::User(uid) => {
                let user = self.user(&uid.to_string()).await?;
                Ok(channel(talker, text(&user, "name")))
            }
            Talker::Group(_) => Ok(channel(talker, None)),
        }
    }

    fn channels(&self) -> Result<Value, Refusal> {
        let id = self.text("guild_id")?;
        let talker = talker_of(&format!("group:{id}"));
        let talker = talker.ok_or_else(|| Refusal::bad("guild_id is a number"))?;
        Ok(json!({ "data": [channel(talker, None)] }))
    }

    /// Sends a content, which may be several messages.
    async fn create(&self) -> Result<Value, Refusal> {
        let talker = self.talker()?;
        if !self.rights.write || !self.rights.talker(Some(talker)) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "this token may not write here",
            ));
        }
        let parts = to_parts(self.text("content")?);
        if parts.is_empty() {
            return Err(Refusal::bad("content has nothing to send"));
        }
        if parts.len() > MOST_PARTS {
            let words = format!("content is more than {MOST_PARTS} messages");
            return Err(Refusal::bad(words));
        }
        // All of it can be sent, or nothing is.
        for part in &parts {
            if let Part::Text(text) = part {
                Text::new(text.as_str()).map_err(|error| Refusal::bad(error.to_string()))?;
            }
        }
        let mut calls = Vec::new();
        for part in parts {
            calls.push(match part {
                Part::Text(text) => ("send", json!({ "text": text })),
                Part::Image(picture) => ("send_image", self.upload(picture).await?),
            });
        }
        let (all, mut sent) = (calls.len(), Vec::new());
        for (method, mut params) in calls {
            if let Some(key) = &self.idempotency_key {
                let key = format!("satori/{key}/{}", sent.len());
                extend(&mut params, json!({ "idempotency_key": key }));
            }
            let done = self.about(talker, method, params).await;
            let done = done.map_err(|refusal| match sent.len() {
                0 => refusal,
                some => refusal.after(format!("{some} of {all} messages were sent")),
            })?;
            sent.push(json!({ "id": done.get("msg_key") }));
        }
        Ok(sent.into())
    }

    /// The address of an image that the service has, and its size.
    async fn upload(&self, picture: Picture) -> Result<Value, Refusal> {
        match picture::place(&picture.src)? {
            Place::Service => Ok(picture::described(&picture)),
            Place::Data(base64) => self.call("upload_image", json!({ "data": base64 })).await,
        }
    }

    async fn delete(&self) -> Result<Value, Refusal> {
        let key = json!({ "msg_key": self.text("message_id")? });
        self.about(self.talker()?, "recall", key).await?;
        Ok(json!({}))
    }

    async fn get(&self) -> Result<Value, Refusal> {
        let (talker, key) = (self.talker()?, self.text("message_id")?);
        let newest = json!({ "limit": NEWEST });
        let history = self.about(talker, "history", newest).await?;
        let mut messages = array(&history, "messages");
        let found = messages.find(|message| text(message, "msg_key") == Some(key));
        let words = "this message is not among the newest 100";
        let mut found = alone(found.ok_or_else(|| nothing(words))?);
        extend(&mut found, json!({ "channel": channel(talker, None) }));
        Ok(found)
    }

    async fn list(&self) -> Result<Value, Refusal> {
        let word = |name| self.params.get(name).and_then(Value::as_str);
        if !matches!(word("direction"), None | Some("before")) {
            return Err(Refusal::bad("direction is before"));
        }
        let limit = self.params.get("limit").and_then(Value::as_u64);
        let mut params = json!({ "limit": limit.unwrap_or(PAGE).clamp(1, NEWEST) });
        if let Some(next) = word("next") {
            extend(&mut params, json!({ "before": next }));
        }
        let history = self.about(self.talker()?, "history", params).await?;
        let mut data: Vec<Value> = array(&history, "messages").map(alone).collect();
        match word("order") {
            None | Some("asc") => data.reverse(),
            Some("desc") => {}
            Some(_) => return Err(Refusal::bad("order is asc or desc")),
        }
        let mut list = json!({ "data": data });
        if let Some(next) = history.get("next_before").filter(|next| !next.is_null()) {
            let next = next
                .as_str()
                .map_or_else(|| next.to_string(), str::to_owned);
            extend(&mut list, json!({ "prev": next, "next": next }));
        }
        Ok(list)
    }

    /// Calls a method about a conversation.
    async fn about(&self, talker: Talker, method: &str, params: Value) -> Result<Value, Refusal> {
        let mut params = params;
        extend(&mut params, json!({ "talker": talker }));
        self.call(method, params).await
    }

    /// Calls one of the program's own methods.
    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, Refusal> {
        let mut params = fields_of(params);
        params.insert("account".to_owned(), self.account.name().into());
        let (core, rights) = (self.core.clone(), self.rights.clone());
        Ok(Call::run(core, rights, method, params).await?)
    }

    fn talker(&self) -> Result<Talker, Refusal> {
        let talker = talker_of(self.text("channel_id")?);
        talker.ok_or_else(|| Refusal::bad("channel_id is user:UID or group:ID"))
    }

    fn text(&self, name: &str) -> Result<&str, Refusal> {
        let text = self.params.get(name).and_then(Value::as_str);
        text.ok_or_else(|| Refusal::bad(format!("{name} is needed, a text")))
    }
}

/// A message with its sender.
fn alone(said: &Value) -> Value {
    let mut alone = message(said);
    extend(&mut alone, json!({ "user": sender(said) }));
    alone
}

fn nothing(words: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, words)
}

fn array<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::satori::resources::channel_id;

    #[test]
    fn channels_have_the_ids_of_their_talkers() {
        for talker in [Talker::user(7), Talker::group(9)] {
            assert_eq!(talker_of(&channel_id(talker)), Some(talker));
        }
        assert_eq!(talker_of("7"), None);
    }
}

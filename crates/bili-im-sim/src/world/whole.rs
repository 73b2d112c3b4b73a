//! Worlds and their JSON files.

use serde::{Deserialize, Serialize};

use super::{Account, Group, Large, Message, Mode, Options, WorldError};
use crate::{faults::Rule, ids::Uid};

/// The accounts, groups, messages and options of a service. Can be read from a JSON file.
///
/// Only `accounts` is required. Unknown fields are refused, because they are often misspelt.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct World {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The fan groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// The messages. Sequence numbers follow the time; messages of the same time keep this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// Very many messages more, for the first account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large: Option<Large>,
    /// The options of the service.
    #[serde(default)]
    pub options: Options,
    /// Faults that are set from the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Rule>,
}

impl World {
    /// Reads a world file.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, has unknown fields, or the world is not consistent.
    pub fn from_json(text: &str) -> Result<Self, WorldError> {
        let world: Self = serde_json::from_str(text)?;
        world.check()?;
        Ok(world)
    }

    /// Writes the world as a world file.
    ///
    /// # Errors
    ///
    /// Never in practice: every world can be written as JSON.
    pub fn to_json(&self) -> Result<String, WorldError> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// One account (10001) with very many messages of about five years: with users whom it follows
    /// and others, fan groups, and system accounts. These are added when the service starts.
    #[must_use]
    pub fn large(large: Large) -> Self {
        let mut owner = Account::new(10001);
        "收件箱很满的UP主".clone_into(&mut owner.name);
        owner.level = 6;
        owner.fans = 1_000_000;
        let mut world = Self {
            accounts: vec![owner],
            large: Some(large),
            ..Self::default()
        };
        world.options.seed = large.seed;
        world
    }

    /// The same world, with another version of the service.
    #[must_use]
    pub fn in_mode(mut self, mode: Mode) -> Self {
        self.options.mode = mode;
        self
    }

    /// The account with this uid.
    #[must_use]
    pub fn account(&self, uid: impl Into<Uid>) -> Option<&Account> {
        let uid = uid.into();
        self.accounts.iter().find(|account| account.uid == uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_needs_no_more_than_uids() {
        let world = World::from_json(r#"{"accounts":[{"uid":7}]}"#).unwrap();
        let account = world.account(7).unwrap();
        assert_eq!(
            account.cookie(),
            "SESSDATA=sim-7; bili_jct=00000000000000000000000000000007; DedeUserID=7"
        );
    }

    #[test]
    fn a_written_world_is_read_back_the_same() {
        for world in [World::demo(), World::seed(), World::large(Large::default())] {
            let text = world.to_json().unwrap();
            assert_eq!(World::from_json(&text).unwrap().to_json().unwrap(), text);
        }
    }

    #[test]
    fn the_world_of_the_readme_is_valid() {
        let readme = include_str!("../../README.md");
        let json = readme.split("```json").nth(1).unwrap();
        let json = json.split("```").next().unwrap();
        assert_eq!(World::from_json(json).unwrap().messages.len(), 2);
    }

    #[test]
    fn the_readme_names_every_option() {
        let readme = include_str!("../../README.md");
        let options = serde_json::to_value(Options::default()).unwrap();
        for name in options.as_object().unwrap().keys() {
            assert!(readme.contains(&format!("\n| `{name}` |")), "{name}");
        }
    }

    #[test]
    fn an_error_names_the_place_of_the_problem() {
        for case in [
            r#"[{"uid":0}] -> accounts[0].uid: 0 is not a user id"#,
            r#"[{"uid":1},{"uid":1}] -> accounts[1].uid: 1 is taken by an earlier account"#,
            r#"[{"uid":1,"sessdata":"x"},{"uid":2,"sessdata":"x"}] -> accounts[1].sessdata: taken by an earlier account"#,
            r#"[{"uid":1,"sessdata":"a;b"}] -> accounts[0].sessdata: cannot be the value of a cookie"#,
            r#"[{"uid":1,"follows":[5]}] -> accounts[0].follows: there is no user 5"#,
            r#"[{"uid":1,"blocks":[1]}] -> accounts[0].blocks: contains the account's own uid"#,
            r#"[{"uid":1,"sessions":[{"talker":{"group":3}}]}] -> accounts[0].sessions[0].talker: there is no group 3"#,
            r#"[{"uid":1}],"groups":[{"id":3,"name":"g","owner":1,"members":[1,4]}] -> groups[0].members: there is no user 4"#,
            r#"[{"uid":1}],"groups":[{"id":3,"name":"g","owner":1,"members":[]}] -> groups[0].members: the owner, 1, is missing"#,
            r#"[{"uid":1}],"messages":[{"from":1,"to":2,"text":"x"}] -> messages[0].to: there is no user 2"#,
            r#"[{"uid":1}],"messages":[{"from":1,"to":1,"text":"x"}] -> messages[0].to: the receiver is the sender"#,
            r#"[{"uid":1}],"messages":[{"to":1,"text":"x"}] -> messages[0].from: only messages in groups can be without a sender"#,
            r#"[{"uid":1},{"uid":2}],"messages":[{"from":1,"to":2,"msg_type":18,"content":"x"}] -> messages[0].only_for: a system tip needs its only reader"#,
            r#"[{"uid":1},{"uid":2}],"messages":[{"from":1,"to":2,"text":"x","sys_cancel":true}] -> messages[0].sys_cancel: only a recall, type 5, has it"#,
            r#"[{"uid":1},{"uid":2}],"messages":[{"from":1,"to":2,"content":"[]","content_as_object":true}] -> messages[0].content_as_object: the content is no JSON object"#,
            r#"[{"uid":1}],"options":{"msg_keys":["9","9"]} -> options.msg_keys: 9 appears twice"#,
            r#"[],"large":{} -> large: there is no account whose mailbox it fills"#,
            r#"[{"uid":1}],"large":{"sessions":9,"messages":8} -> large: it needs a session, and a message for each session"#,
            r#"[{"uid":1}],"large":{"messages":2000001} -> large: a service holds at most 2000000 messages"#,
            r#"[{"uid":1000000}],"large":{} -> large: its own users and groups have the numbers from 1000000 on"#,
            r#"[{"uid":1}],"faults":[{"what":"any","when":{"chance":1.5},"kind":"stall"}] -> faults[0].when: a chance is between 0 and 1"#,
        ] {
            let (accounts, problem) = case.split_once(" -> ").unwrap();
            let world = format!(r#"{{"accounts":{accounts}}}"#);
            let error = World::from_json(&world).unwrap_err();
            assert_eq!(error.to_string(), problem, "{world}");
        }
    }

    #[test]
    fn a_world_needs_its_fields_and_a_message_exactly_one_receiver_and_one_content() {
        for case in [
            r#"[{"uid":1}]," -> not a world: EOF"#,
            r#"[{"uid":1,"nmae":"x"}] -> unknown field `nmae`"#,
            r#"[{"name":"x"}] -> missing field `uid`"#,
            r#"[],"messages":[{"from":1,"text":"x"}] -> either `to` or `group` is needed"#,
            r#"[],"messages":[{"from":1,"to":2,"group":3,"text":"x"}] -> `to` and `group` exclude each other"#,
            r#"[],"messages":[{"from":1,"to":2}] -> either `text` or `content` is needed"#,
            r#"[],"messages":[{"from":1,"to":2,"text":"x","content":"y"}] -> `text` excludes"#,
            r#"[],"messages":[{"from":1,"to":2,"paragraphs":["x"],"msg_type":1}] -> `paragraphs` excludes"#,
        ] {
            let (accounts, problem) = case.split_once(" -> ").unwrap();
            let world = format!(r#"{{"accounts":{accounts}}}"#);
            let error = World::from_json(&world).unwrap_err().to_string();
            assert!(error.contains(problem), "{world}: {error}");
        }
    }
}

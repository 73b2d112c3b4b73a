//! The account's settings for private messages, by name.

use std::borrow::Cow;

use bili_im_proto::Settings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Map;

/// A setting, with the service's numbers for on and off.
#[derive(Debug)]
pub struct Setting {
    /// The service's name.
    pub name: &'static str,
    get: fn(&Settings) -> Option<u32>,
    set: fn(&mut Settings, u32),
    /// The number for on.
    pub on: u32,
    /// The number for off.
    pub off: u32,
}

macro_rules! settings {
    ($($name:ident: $on:literal or $off:literal,)*) => {
        /// All settings (docs/protocol.md §10).
        pub const ALL: &[Setting] = &[$(Setting {
            name: stringify!($name),
            get: |settings| settings.$name,
            set: |settings, value| settings.$name = Some(value),
            on: $on,
            off: $off,
        },)*];
    };
}

settings! {
    msg_notify: 1 or 3,
    show_unfollowed_msg: 1 or 0,
    receive_unfollow_msg: 1 or 0,
    is_group_fold: 1 or 0,
    should_receive_group: 1 or 0,
    ai_intercept: 1 or 0,
    followed_reply: 1 or 0,
    recommend_followed_reply: 1 or 0,
    recv_reply: 1 or 0,
    keys_reply: 1 or 0,
    voyage_reply: 1 or 0,
}

impl Setting {
    /// The setting of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|setting| setting.name == name)
    }

    /// The service's number for `on`, `off` or a number; `None` for anything else.
    pub fn parse(&self, value: &str) -> Option<u32> {
        match value {
            "on" => Some(self.on),
            "off" => Some(self.off),
            _ => (value.parse().ok()).filter(|&number| number == self.on || number == self.off),
        }
    }

    /// Puts a number into settings.
    pub fn set(&self, settings: &mut Settings, value: u32) {
        (self.set)(settings, value);
    }
}

/// Settings; those that were not asked for or not changed are `null`.
#[derive(Debug)]
pub struct SettingsJson {
    settings: Settings,
}

impl From<Settings> for SettingsJson {
    fn from(settings: Settings) -> Self {
        Self { settings }
    }
}

impl SettingsJson {
    /// The settings that are not `null`, with their numbers.
    pub fn known(&self) -> impl Iterator<Item = (&'static Setting, u32)> {
        (ALL.iter()).filter_map(|setting| Some((setting, (setting.get)(&self.settings)?)))
    }
}

impl JsonSchema for SettingsJson {
    fn schema_name() -> Cow<'static, str> {
        "SettingsJson".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let values = ALL.iter().map(|setting| {
            let value = json_schema!({ "type": ["integer", "null"] });
            (setting.name.to_owned(), value.to_value())
        });
        json_schema!({ "type": "object", "properties": values.collect::<Map<_, _>>() })
    }
}

impl Serialize for SettingsJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(ALL.len()))?;
        for setting in ALL {
            map.serialize_entry(setting.name, &(setting.get)(&self.settings))?;
        }
        map.end()
    }
}

//! The options of a world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{chance::Chance, ids::MsgKey};

/// Options of the service's behavior.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Options {
    /// Which version of the service is simulated.
    pub mode: Mode,
    /// The seed of random numbers and signing keys.
    pub seed: u64,
    /// The message keys of the next sends, in order. Later keys are made from the time and random
    /// numbers.
    pub msg_keys: Vec<MsgKey>,
    /// The answer to a wrong or stale signature.
    pub stale_signature: StaleSignature,
    /// How a QR login gives its cookies.
    pub qr_login: QrLogin,
    /// What happens to messages to a stranger over the limit.
    pub over_stranger_limit: OverStrangerLimit,
    /// How fast an account may send; `None` is unlimited.
    pub send_limit: Option<SendLimit>,
    /// Whether `new_sessions` also returns an older session (docs/protocol.md §7).
    pub older_sessions: Whim,
    /// Whether `begin_ts` and `end_ts` include sessions of exactly that time.
    pub inclusive_bounds: Whim,
    /// Whether `min_seqno` of an empty conversation is 0 instead of 2^64 − 1 (docs/protocol.md §8).
    pub empty_min_is_zero: Whim,
    /// Whether `has_more` is 1 even when nothing older is left (docs/protocol.md §8).
    pub more_at_floor: Whim,
    /// Whether `last_msg` of a session is null or absent.
    pub last_msg_missing: Whim,
    /// Whether `image_url` of an upload begins with `http://` (docs/protocol.md §11).
    pub http_image_urls: Whim,
    /// Whether `img_size` of an upload is absent.
    pub img_size_missing: Whim,
    /// Whether WebP can be uploaded. Not known of the real service.
    pub takes_webp: bool,
    /// Whether nothing can be sent to fan groups: 21028 (docs/protocol.md §5).
    pub groups_closed: bool,
    /// Emoticon names that are replaced in texts: `{"[doge]":"[tv_doge]"}`.
    pub renamed_emoticons: BTreeMap<String, String>,
    /// Lists of sessions lack the messages of up to this many past seconds. Each request draws its
    /// lag.
    pub late_lists: u64,
    /// `fetch_session_msgs` lacks the messages of up to this many past seconds. Each request draws
    /// its lag.
    pub lagging_messages: u64,
    /// Whether `fetch_session_msgs` returns fewer messages than requested: a random number, at
    /// least 1. Never by default.
    pub short_pages: Whim,
    /// Whether the payload of a notification is in base64 (docs/protocol.md §15).
    pub push_base64: Whim,
    /// Whether a notification asks for an acknowledgement.
    pub push_acks: Whim,
    /// Which parts notifications have.
    pub push_parts: PushParts,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            seed: 0,
            msg_keys: Vec::new(),
            stale_signature: StaleSignature::default(),
            qr_login: QrLogin::default(),
            over_stranger_limit: OverStrangerLimit::default(),
            send_limit: None,
            older_sessions: Whim::ByChance,
            inclusive_bounds: Whim::ByChance,
            empty_min_is_zero: Whim::ByChance,
            more_at_floor: Whim::ByChance,
            last_msg_missing: Whim::ByChance,
            http_image_urls: Whim::ByChance,
            img_size_missing: Whim::ByChance,
            takes_webp: false,
            groups_closed: false,
            renamed_emoticons: BTreeMap::new(),
            late_lists: 0,
            lagging_messages: 0,
            short_pages: Whim::Never,
            push_base64: Whim::ByChance,
            push_acks: Whim::ByChance,
            push_parts: PushParts::ByChance,
        }
    }
}

/// Which version of the service is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Today's service as it treats clients that work: it refuses what the real one is known to
    /// refuse.
    #[default]
    Lenient,
    /// Today's service, which refuses everything that docs/protocol.md tells clients not to send,
    /// even where the real one accepts it.
    Strict,
    /// The service of the source document: unsigned sends without a device, and old envelopes.
    Classic,
}

/// The answer to a wrong or stale signature (docs/protocol.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StaleSignature {
    /// `code` 0 with only a voucher.
    #[default]
    Voucher,
    /// `code` -352 with a voucher.
    RiskControl,
    /// `code` -403.
    Forbidden,
    /// `code` -400.
    BadRequest,
    /// One of the four, at random.
    ByChance,
}

/// How a QR login gives its cookies (docs/protocol.md §13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QrLogin {
    /// With the poll that says that the login is complete.
    #[default]
    Cookies,
    /// At an address with a ticket.
    Ticket,
    /// Not at all.
    Nothing,
}

/// What happens to messages to a stranger over the limit (docs/protocol.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OverStrangerLimit {
    /// They are refused with 21047.
    #[default]
    Refuse,
    /// They are accepted, but only the sender sees them.
    Swallow,
}

/// How fast an account may send. Further sends get 21020.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendLimit {
    /// The number of messages that are allowed within `seconds`.
    pub messages: u32,
    /// The length of the period, in seconds.
    pub seconds: u64,
}

/// Which parts the notification of a message has (docs/protocol.md §15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PushParts {
    /// `instant_msg`, `notify_info` and `command_msgs`.
    All,
    /// Only `notify_info`.
    Info,
    /// Only `command_msgs`.
    Commands,
    /// One of the three, at random.
    #[default]
    ByChance,
}

impl PushParts {
    pub(crate) fn chosen(self, chance: &mut Chance) -> Self {
        match self {
            Self::ByChance => match chance.below(3) {
                0 => Self::All,
                1 => Self::Info,
                _ => Self::Commands,
            },
            chosen => chosen,
        }
    }
}

/// How often a quirk shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whim {
    /// Never.
    Never,
    /// Every time.
    Always,
    /// At random, half of the time.
    #[default]
    ByChance,
}

impl Whim {
    pub(crate) fn occurs(self, chance: &mut Chance) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::ByChance => chance.hits(0.5),
        }
    }
}

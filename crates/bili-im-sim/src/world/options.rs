//! How the service behaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{chance::Chance, ids::MsgKey};

/// How the service behaves where it can behave in several ways.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Options {
    /// Which of the service's ages is simulated.
    pub mode: Mode,
    /// Where chance and signing keys come from.
    pub seed: u64,
    /// The message keys that the next sends get, in order; later ones follow from time and chance.
    pub msg_keys: Vec<MsgKey>,
    /// What a wrong or stale signature gets.
    pub stale_signature: StaleSignature,
    /// What becomes of messages to a stranger over the limit.
    pub over_stranger_limit: OverStrangerLimit,
    /// How fast one account may send; unlimited when absent.
    pub send_limit: Option<SendLimit>,
    /// `new_sessions` returns an older session too (docs/protocol.md §7).
    pub older_sessions: Whim,
    /// `begin_ts` and `end_ts` include sessions of just that time.
    pub inclusive_bounds: Whim,
    /// `min_seqno` of an empty page is 0 instead of 2^64 − 1 (docs/protocol.md §8).
    pub empty_min_is_zero: Whim,
    /// `last_msg` of a session is null or absent.
    pub last_msg_missing: Whim,
    /// `image_url` of an upload is `http://` (docs/protocol.md §11).
    pub http_image_urls: Whim,
    /// `img_size` of an upload is absent.
    pub img_size_missing: Whim,
    /// Old emoticon names in texts, and what they become: `{"[doge]":"[tv_doge]"}`.
    pub renamed_emoticons: BTreeMap<String, String>,
    /// The lists of sessions are as they were up to so many seconds ago, as far as new messages go; for each request by
    /// chance.
    pub late_lists: u64,
    /// `fetch_session_msgs` does not show yet what came within up to so many seconds; for each request by chance.
    pub lagging_messages: u64,
    /// `fetch_session_msgs` returns as many messages as chance says, from 1 to what was asked for; never by default.
    pub short_pages: Whim,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            seed: 0,
            msg_keys: Vec::new(),
            stale_signature: StaleSignature::default(),
            over_stranger_limit: OverStrangerLimit::default(),
            send_limit: None,
            older_sessions: Whim::ByChance,
            inclusive_bounds: Whim::ByChance,
            empty_min_is_zero: Whim::ByChance,
            last_msg_missing: Whim::ByChance,
            http_image_urls: Whim::ByChance,
            img_size_missing: Whim::ByChance,
            renamed_emoticons: BTreeMap::new(),
            late_lists: 0,
            lagging_messages: 0,
            short_pages: Whim::Never,
        }
    }
}

/// Which of the service's ages is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Today's: sends are signed and name a device, mistakes are refused.
    #[default]
    Strict,
    /// What the source document shows: unsigned, without a device, old envelopes.
    Classic,
}

/// What a wrong or stale signature gets (docs/protocol.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StaleSignature {
    /// `code` 0 with nothing but a voucher.
    #[default]
    Voucher,
    /// `code` -352 with a voucher.
    RiskControl,
    /// `code` -403.
    Forbidden,
    /// `code` -400.
    BadRequest,
    /// Any of the four, by chance.
    ByChance,
}

/// What becomes of messages to a stranger over the limit (docs/protocol.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OverStrangerLimit {
    /// They are refused with 21047.
    #[default]
    Refuse,
    /// They are accepted, but only their sender ever sees them.
    Swallow,
}

/// How fast one account may send: more gets 21020.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendLimit {
    /// So many messages,
    pub messages: u32,
    /// within so many seconds.
    pub seconds: u64,
}

/// How often a quirk shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whim {
    /// Never.
    Never,
    /// Each time.
    Always,
    /// Every other time, by chance.
    #[default]
    ByChance,
}

impl Whim {
    pub(crate) fn strikes(self, chance: &mut Chance) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::ByChance => chance.hits(0.5),
        }
    }
}

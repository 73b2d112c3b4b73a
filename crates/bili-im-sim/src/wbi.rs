//! The signing keys, and the check of a query's signature (docs/protocol.md §4).

use md5::{Digest, Md5};
use percent_encoding::utf8_percent_encode;
use serde::Serialize;

use crate::{chance::Chance, cookie::ENCODED, request::Fields, time::UnixMicros};

const DAY: u64 = 24 * 60 * 60;

/// How far `wts` may be from the service's clock, in seconds.
const TOLERANCE: u64 = 10 * 60;

/// The characters that signing drops from values. A signed query has none of them.
const DROPPED: [char; 5] = ['!', '\'', '(', ')', '*'];

/// The positions in both keys of the mixed key's characters, in order.
const MIXED: [usize; 32] = [
    46, 47, 18, 2, 53, 8, 23, 32, 15, 50, 10, 31, 58, 3, 45, 35, 27, 43, 5, 49, 33, 9, 42, 19, 29,
    28, 14, 39, 12, 38, 41, 13,
];

/// The two signing keys (docs/protocol.md §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SigningKeys {
    /// The file name of `img_url`, without its extension.
    pub img: String,
    /// The file name of `sub_url`, without its extension.
    pub sub: String,
}

/// Makes the current keys. They change each day and with each rotation.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyRing {
    seed: u64,
    rotations: u64,
}

impl KeyRing {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, rotations: 0 }
    }

    pub(crate) fn rotate(&mut self) {
        self.rotations = self.rotations.wrapping_add(1);
    }

    pub(crate) fn keys(&self, now: UnixMicros) -> SigningKeys {
        let mut day = Chance::new(self.seed ^ Chance::new(now.as_secs() / DAY).next());
        let mut keys = Chance::new(day.next().wrapping_add(self.rotations));
        SigningKeys {
            img: keys.hex(32),
            sub: keys.hex(32),
        }
    }
}

/// What is wrong with a query's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The query has no signature.
    Unsigned,
    /// The signature does not fit the query, the keys or the time.
    Stale(&'static str),
}

/// Checks the signature of a query.
pub(crate) fn verify(query: &Fields, keys: &SigningKeys, now: UnixMicros) -> Result<(), Flaw> {
    let (Some(w_rid), Some(wts)) = (query.get("w_rid"), query.get("wts")) else {
        return Err(Flaw::Unsigned);
    };
    let wts: u64 = wts
        .parse()
        .map_err(|_| Flaw::Stale("wts is not a number of seconds"))?;
    if wts.abs_diff(now.as_secs()) > TOLERANCE {
        return Err(Flaw::Stale(
            "wts differs from the service's clock by more than ten minutes",
        ));
    }
    let mut signed: Vec<(&str, &str)> = query.iter().filter(|(name, _)| *name != "w_rid").collect();
    signed.sort_unstable();
    if signed.iter().any(|(_, value)| value.contains(DROPPED)) {
        return Err(Flaw::Stale(
            "a value has a character that signing drops, so it differs from the signed value",
        ));
    }
    if signature(&signed, keys) == w_rid {
        Ok(())
    } else {
        Err(Flaw::Stale(
            "w_rid does not match the query and the current keys",
        ))
    }
}

/// The key that the two keys are mixed to.
fn mixed(keys: &SigningKeys) -> String {
    let both: Vec<char> = keys.img.chars().chain(keys.sub.chars()).collect();
    let mixed = MIXED.iter().filter_map(|position| both.get(*position));
    mixed.collect()
}

fn signature(sorted: &[(&str, &str)], keys: &SigningKeys) -> String {
    let encode = |text| utf8_percent_encode(text, ENCODED);
    let pairs: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let digest = Md5::digest(format!("{}{}", pairs.join("&"), mixed(keys)));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A query with `wts` and `w_rid`, as a client would send it.
    pub(crate) fn sign(query: Vec<(&str, &str)>, keys: &SigningKeys, wts: u64) -> String {
        let wts = wts.to_string();
        let mut sorted = query;
        sorted.push(("wts", &wts));
        sorted.sort_unstable();
        let w_rid = signature(&sorted, keys);
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(sorted)
            .append_pair("w_rid", &w_rid)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published_keys() -> SigningKeys {
        SigningKeys {
            img: "7cd084941338484aae1ad9425b84077c".into(),
            sub: "4932caff0ff746eab6f01bf08b70ac45".into(),
        }
    }

    /// Two published examples of the protocol's documentation, and two made in the same way.
    const PUBLISHED: [(&str, u64); 4] = [
        (
            "bar=514&foo=114&wts=1702204169&zab=1919810&w_rid=8f6f2b5b3d485fe1886cec6a0be8c5d4",
            1_702_204_169,
        ),
        (
            "bar=514&foo=114&hello=%E4%B8%96%20%E7%95%8C&wts=1744823207&w_rid=93acf59d85f74453e40cea00056c3daf",
            1_744_823_207,
        ),
        (
            "w_sender_uid=293793435&w_receiver_id=1&w_dev_id=372778FD-E359-461D-86A3-EA2BCC6FF52A\
             &wts=1626181379&w_rid=1b0bd9bdfbad86b4af3164d518f753e6",
            1_626_181_379,
        ),
        (
            "mobi_app=web&note=its%20a%20star%20%E4%B8%AD%E6%96%87%20~_-.&session_type=1&size=20&talker_id=1\
             &wts=1702204169&w_rid=d8cbf9896d3ef044b155b4d6db90474e",
            1_702_204_169,
        ),
    ];

    fn check(query: &str, keys: &SigningKeys, now: u64) -> Result<(), Flaw> {
        let now = UnixMicros::from_secs(now);
        verify(&Fields::parse(query.as_bytes()), keys, now)
    }

    #[test]
    fn the_published_examples_are_accepted_and_refused_once_anything_in_them_changes() {
        let keys = published_keys();
        assert_eq!(mixed(&keys), "ea1db124af3c7062474693fa704f4ff8");
        for (query, wts) in PUBLISHED {
            assert_eq!(check(query, &keys, wts), Ok(()), "{query}");
            let extended = check(&format!("extra=1&{query}"), &keys, wts);
            assert!(matches!(extended, Err(Flaw::Stale(_))), "{query}");
            let other_keys = KeyRing::new(1).keys(UnixMicros::from_secs(wts));
            let with_other_keys = check(query, &other_keys, wts);
            assert!(matches!(with_other_keys, Err(Flaw::Stale(_))), "{query}");
        }
    }

    #[test]
    fn a_signature_is_good_for_ten_minutes_either_way() {
        let (query, wts) = PUBLISHED[0];
        for (now, is_good) in [
            (wts + 600, true),
            (wts - 600, true),
            (wts + 601, false),
            (wts - 601, false),
        ] {
            let checked = check(query, &published_keys(), now);
            assert_eq!(checked.is_ok(), is_good, "{checked:?}");
            assert_ne!(checked, Err(Flaw::Unsigned));
        }
    }

    #[test]
    fn a_value_with_a_character_that_signing_drops_is_refused() {
        let (query, wts) = PUBLISHED[3];
        let checked = check(&query.replace("its", "it's"), &published_keys(), wts);
        assert!(matches!(checked, Err(Flaw::Stale(_))));
    }

    #[test]
    fn a_query_without_wts_or_w_rid_is_unsigned() {
        for query in [
            "",
            "foo=114",
            "foo=114&wts=1702204169",
            "w_rid=8f6f2b5b3d485fe1886cec6a0be8c5d4",
        ] {
            let checked = check(query, &published_keys(), 1_702_204_169);
            assert_eq!(checked, Err(Flaw::Unsigned), "{query}");
        }
    }

    #[test]
    fn keys_change_each_day_and_when_rotated() {
        let at = |ring: &KeyRing, seconds| ring.keys(UnixMicros::from_secs(DAY * 20_000 + seconds));
        let mut ring = KeyRing::new(1);
        let morning = at(&ring, 0);
        assert_eq!(morning, at(&ring, DAY - 1));
        assert_ne!(morning, at(&ring, DAY));
        assert_ne!(morning, at(&KeyRing::new(2), 0));
        ring.rotate();
        assert_ne!(morning, at(&ring, 0));
        assert_eq!(morning.img.len(), 32);
    }
}

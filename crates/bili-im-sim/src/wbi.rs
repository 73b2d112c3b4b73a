//! The signing keys, and the check of a query's signature (docs/protocol.md §4).

use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{chance::Chance, request::Fields, time::UnixMicros};

const DAY: u64 = 24 * 60 * 60;

/// How far `wts` may be from the service's clock, in seconds.
const TOLERANCE: u64 = 10 * 60;

/// The characters that signing drops from values. A signed query has none of them.
const DROPPED: [char; 5] = ['!', '\'', '(', ')', '*'];

/// The characters that `encodeURIComponent` encodes, without the dropped ones.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The positions in both keys of the mixed key's characters, in order.
const MIXED: [usize; 32] = [
    46, 47, 18, 2, 53, 8, 23, 32, 15, 50, 10, 31, 58, 3, 45, 35, 27, 43, 5, 49, 33, 9, 42, 19, 29,
    28, 14, 39, 12, 38, 41, 13,
];

/// The two signing keys: the file names of the addresses in `nav`, without extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) img: String,
    pub(crate) sub: String,
}

impl Keys {
    fn mixed(&self) -> String {
        let both: Vec<char> = self.img.chars().chain(self.sub.chars()).collect();
        MIXED
            .iter()
            .filter_map(|position| both.get(*position))
            .collect()
    }
}

/// Makes the current keys. They change each day and with each rotation.
#[derive(Debug, Clone)]
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

    pub(crate) fn keys(&self, now: UnixMicros) -> Keys {
        let mut day = Chance::new(self.seed ^ Chance::new(now.as_secs() / DAY).next());
        let mut keys = Chance::new(day.next().wrapping_add(self.rotations));
        Keys {
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
pub(crate) fn verify(query: &Fields, keys: &Keys, now: UnixMicros) -> Result<(), Flaw> {
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

fn signature(sorted: &[(&str, &str)], keys: &Keys) -> String {
    let pairs: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let digest = Md5::digest(format!("{}{}", pairs.join("&"), keys.mixed()));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, ENCODED)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A query with `wts` and `w_rid`, as a client would send it.
    pub(crate) fn sign(query: &[(&str, &str)], keys: &Keys, wts: u64) -> String {
        let wts = wts.to_string();
        let mut sorted = query.to_vec();
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

    fn published_keys() -> Keys {
        Keys {
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

    #[test]
    fn the_published_examples_are_accepted() {
        assert_eq!(published_keys().mixed(), "ea1db124af3c7062474693fa704f4ff8");
        for (query, wts) in PUBLISHED {
            let now = UnixMicros::from_secs(wts);
            assert_eq!(
                verify(&Fields::parse(query.as_bytes()), &published_keys(), now),
                Ok(()),
                "{query}"
            );
        }
    }

    #[test]
    fn the_published_examples_are_refused_once_anything_in_them_changes() {
        for (query, wts) in PUBLISHED {
            let now = UnixMicros::from_secs(wts);
            let extended = format!("extra=1&{query}");
            assert!(matches!(
                verify(&Fields::parse(extended.as_bytes()), &published_keys(), now),
                Err(Flaw::Stale(_))
            ));
            let other_keys = KeyRing::new(1).keys(now);
            assert!(matches!(
                verify(&Fields::parse(query.as_bytes()), &other_keys, now),
                Err(Flaw::Stale(_))
            ));
        }
    }

    #[test]
    fn a_signature_is_good_for_ten_minutes_either_way() {
        let (query, wts) = PUBLISHED[0];
        let at = |seconds| {
            verify(
                &Fields::parse(query.as_bytes()),
                &published_keys(),
                UnixMicros::from_secs(seconds),
            )
        };
        assert_eq!(at(wts + 600), Ok(()));
        assert_eq!(at(wts - 600), Ok(()));
        assert!(matches!(at(wts + 601), Err(Flaw::Stale(_))));
        assert!(matches!(at(wts - 601), Err(Flaw::Stale(_))));
    }

    #[test]
    fn a_value_with_a_character_that_signing_drops_is_refused() {
        let now = UnixMicros::from_secs(1_702_204_169);
        let sent = PUBLISHED[3].0.replace("its", "it's");
        assert!(matches!(
            verify(&Fields::parse(sent.as_bytes()), &published_keys(), now),
            Err(Flaw::Stale(_))
        ));
    }

    #[test]
    fn a_query_without_wts_or_w_rid_is_unsigned() {
        let now = UnixMicros::from_secs(1_702_204_169);
        for query in [
            "",
            "foo=114",
            "foo=114&wts=1702204169",
            "w_rid=8f6f2b5b3d485fe1886cec6a0be8c5d4",
        ] {
            assert_eq!(
                verify(&Fields::parse(query.as_bytes()), &published_keys(), now),
                Err(Flaw::Unsigned)
            );
        }
    }

    #[test]
    fn keys_change_each_day_and_when_rotated() {
        let mut ring = KeyRing::new(1);
        let morning = ring.keys(UnixMicros::from_secs(DAY * 20_000));
        assert_eq!(
            morning,
            ring.keys(UnixMicros::from_secs(DAY * 20_000 + DAY - 1))
        );
        assert_ne!(morning, ring.keys(UnixMicros::from_secs(DAY * 20_001)));
        assert_ne!(
            morning,
            KeyRing::new(2).keys(UnixMicros::from_secs(DAY * 20_000))
        );
        ring.rotate();
        assert_ne!(morning, ring.keys(UnixMicros::from_secs(DAY * 20_000)));
        assert_eq!(morning.img.len(), 32);
    }
}

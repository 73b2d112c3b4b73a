//! WBI: signing queries (docs/protocol.md §4).

use std::sync::Arc;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::{
    encode::{Query, push_hex},
    time::UnixSeconds,
};

/// For each character of the key, its index in the two joined file stems.
const MIXIN: [u8; 32] = [
    46, 47, 18, 2, 53, 8, 23, 32, 15, 50, 10, 31, 58, 3, 45, 35, 27, 43, 5, 49, 33, 9, 42, 19, 29,
    28, 14, 39, 12, 38, 41, 13,
];

/// The key that signs queries. The service changes it about once a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningKeys {
    /// 32 ASCII characters.
    mixin_key: Arc<str>,
}

/// The addresses or the text do not contain signing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key is 32 hex digits")]
pub struct InvalidKeys;

impl SigningKeys {
    /// Makes the key from the two addresses in the answer of [`Nav`](crate::Nav). Only their file
    /// stems count.
    ///
    /// # Errors
    /// When a stem is not 32 hex digits.
    pub fn from_urls(img_url: &str, sub_url: &str) -> Result<Self, InvalidKeys> {
        let stems = [stem(img_url)?, stem(sub_url)?].concat();
        let mixin_key: String = (MIXIN.iter())
            .filter_map(|&place| stems.as_bytes().get(usize::from(place)))
            .map(|&byte| char::from(byte))
            .collect();
        Ok(Self {
            mixin_key: mixin_key.into(),
        })
    }

    /// The 32 characters appended to a query before hashing (`mixin_key`).
    pub fn mixin_key(&self) -> &str {
        &self.mixin_key
    }

    /// The signed query: sorted by name, with `wts` and `w_rid`.
    pub fn sign(&self, mut query: Query, time: UnixSeconds) -> String {
        query.push("wts".into(), time);
        let mut signed = query.canonical();
        let digest = Md5::new()
            .chain_update(&signed)
            .chain_update(self.mixin_key.as_bytes())
            .finalize();
        signed.push_str("&w_rid=");
        push_hex(&mut signed, &digest);
        signed
    }
}

/// The file name in an address, without its extension.
fn stem(url: &str) -> Result<&str, InvalidKeys> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    is_key(stem).then_some(stem).ok_or(InvalidKeys)
}

fn is_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl TryFrom<String> for SigningKeys {
    type Error = InvalidKeys;

    fn try_from(mixin_key: String) -> Result<Self, InvalidKeys> {
        if is_key(&mixin_key) {
            Ok(Self {
                mixin_key: mixin_key.into(),
            })
        } else {
            Err(InvalidKeys)
        }
    }
}

impl From<SigningKeys> for String {
    fn from(keys: SigningKeys) -> Self {
        keys.mixin_key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMG: &str = "https://i0.hdslb.com/bfs/wbi/7cd084941338484aae1ad9425b84077c.png";
    const SUB: &str = "https://i0.hdslb.com/bfs/wbi/4932caff0ff746eab6f01bf08b70ac45.png";

    #[test]
    fn only_the_file_stems_of_the_addresses_matter() {
        let keys = SigningKeys::from_urls(IMG, SUB).unwrap();
        assert_eq!(keys.mixin_key(), "ea1db124af3c7062474693fa704f4ff8");
        let bare = SigningKeys::from_urls(
            "7cd084941338484aae1ad9425b84077c",
            "//x/4932caff0ff746eab6f01bf08b70ac45.jpg?v=1.2",
        );
        assert_eq!(bare, Ok(keys));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(SigningKeys::from_urls(IMG, ""), Err(InvalidKeys));
        assert_eq!(
            SigningKeys::from_urls(IMG, "https://x/é.png"),
            Err(InvalidKeys)
        );
        assert_eq!(
            SigningKeys::from_urls(IMG, &SUB.replace("45.png", "4.png")),
            Err(InvalidKeys)
        );
    }
}

//! The logged-in account and the signing keys: `GET /x/web-interface/nav`.

use crate::{
    endpoint::prelude::*,
    error::{Refusal, RefusalKind},
    wbi::SigningKeys,
};

/// Fetches the profile of the logged-in account, and the keys that sign queries (docs/protocol.md
/// §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nav;

/// The answer to [`Nav`]. The keys are there without a login too.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NavAnswer {
    /// The account that the cookie belongs to, or the refusal if it is not logged in.
    pub profile: Result<Profile, Refusal>,
    /// The signing keys, if they are there and readable.
    pub keys: Option<SigningKeys>,
}

/// The profile of the logged-in account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The account's own uid.
    pub uid: Uid,
    /// The name; may be empty.
    pub name: String,
    /// The address of the avatar; may be empty.
    pub face: String,
    /// The level, 0 to 6.
    pub level: Option<u32>,
}

wire! {
    struct Wire {
        #[serde(rename = "isLogin")]
        is_login: Option<bool>,
        mid: Option<Uid>,
        uname: String,
        face: String,
        level_info: Option<LevelInfo>,
        wbi_img: Option<WbiImg>,
    }
}

wire! {
    struct LevelInfo {
        current_level: Option<u32>,
    }
}

wire! {
    struct WbiImg {
        img_url: String,
        sub_url: String,
    }
}

impl Endpoint for Nav {
    type Response = NavAnswer;

    const SPEC: Spec = Spec::get(Host::Main, "/x/web-interface/nav").without_login();

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<NavAnswer, Error> {
        let (wire, refusal) = answer.data_and_refusal::<Wire>()?;
        let keys = wire
            .wbi_img
            .and_then(|img| SigningKeys::from_urls(&img.img_url, &img.sub_url).ok());
        let profile = match refusal {
            Some(refusal) if refusal.kind == RefusalKind::NotLoggedIn => Err(refusal),
            Some(refusal) => return Err(refusal.into()),
            None if wire.is_login == Some(false) => Err(answer.not_logged_in()),
            None => Ok(Profile {
                uid: answer.require(wire.mid.filter(|&uid| uid != Uid(0)), "data.mid")?,
                name: wire.uname,
                face: wire.face,
                level: wire.level_info.and_then(|info| info.current_level),
            }),
        };
        Ok(NavAnswer { profile, keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::decode;

    const IMG: &str = r#""wbi_img":{"img_url":"https://i0.hdslb.com/bfs/wbi/7cd084941338484aae1ad9425b84077c.png","sub_url":"https://i0.hdslb.com/bfs/wbi/4932caff0ff746eab6f01bf08b70ac45.png"}"#;

    #[test]
    fn the_keys_come_without_a_login_too() {
        for code in [-101, 0] {
            let answer = decode::<Nav>(
                200,
                &format!(
                    r#"{{"code":{code},"message":"账号未登录","data":{{"isLogin":false,{IMG}}}}}"#
                ),
            )
            .unwrap();
            assert_eq!(answer.profile.unwrap_err().kind, RefusalKind::NotLoggedIn);
            assert!(answer.keys.is_some());
        }
    }

    #[test]
    fn keys_of_another_form_are_no_keys() {
        let answer = decode::<Nav>(
            200,
            r#"{"code":0,"data":{"mid":"1","wbi_img":{"img_url":"x","sub_url":null}}}"#,
        )
        .unwrap();
        assert_eq!(answer.profile.unwrap().uid, Uid(1));
        assert_eq!(answer.keys, None);
    }
}

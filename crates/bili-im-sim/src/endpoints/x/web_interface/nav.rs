//! Who is logged in, and the signing keys: `GET /x/web-interface/nav`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    codes::NOT_LOGGED_IN,
    ids::Uid,
    wbi::Keys,
    world::Account,
};

#[derive(Serialize)]
struct Nav<'a> {
    #[serde(rename = "isLogin")]
    is_login: bool,
    #[serde(flatten)]
    person: Option<Person<'a>>,
    wbi_img: WbiImg,
}

#[derive(Serialize)]
struct Person<'a> {
    mid: Uid,
    uname: &'a str,
    face: &'a str,
    level_info: LevelInfo,
}

#[derive(Serialize)]
struct LevelInfo {
    current_level: u8,
}

#[derive(Serialize)]
struct WbiImg {
    img_url: String,
    sub_url: String,
}

impl<'a> From<&'a Account> for Person<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            mid: account.uid,
            uname: &account.name,
            face: &account.face,
            level_info: LevelInfo {
                current_level: account.level,
            },
        }
    }
}

impl From<Keys> for WbiImg {
    fn from(keys: Keys) -> Self {
        let address = |stem| format!("https://i0.hdslb.com/bfs/wbi/{stem}.png");
        Self {
            img_url: address(keys.img),
            sub_url: address(keys.sub),
        }
    }
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let wbi_img = call.state.key_ring.keys(call.now).into();
    let account = call
        .owner()
        .ok()
        .and_then(|owner| call.state.accounts.get(&owner));
    let data = Data::of(&Nav {
        is_login: account.is_some(),
        person: account.map(Person::from),
        wbi_img,
    });
    match account {
        Some(_) => Ok(data),
        // Without a login, the refusal still has the keys (docs/protocol.md §3).
        None => Err(NOT_LOGGED_IN
            .because("no account has this SESSDATA, or it is missing")
            .with_data(data)),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{DAY, Sim};

    #[test]
    fn a_login_gets_its_own_account() {
        let data = Sim::demo().get(10001, "/x/web-interface/nav").data();
        assert_eq!(data["isLogin"], true);
        assert_eq!(data["mid"], 10001);
        assert_eq!(data["uname"], "演示UP主");
        assert_eq!(data["level_info"]["current_level"], 6);
    }

    #[test]
    fn the_keys_are_also_given_without_a_login() {
        let mut sim = Sim::demo();
        let known = sim.get(10001, "/x/web-interface/nav").data();
        let answer = sim.get_logged_out("/x/web-interface/nav");
        assert_eq!(answer.code(), -101);
        assert_eq!(answer.json()["data"]["isLogin"], false);
        assert_eq!(answer.json()["data"]["wbi_img"], known["wbi_img"]);
        assert!(answer.json()["data"]["mid"].is_null());
    }

    #[test]
    fn the_keys_change_the_next_day() {
        let mut sim = Sim::demo();
        let today = sim.get(10001, "/x/web-interface/nav").data();
        sim.pass(DAY);
        assert_ne!(
            sim.get(10001, "/x/web-interface/nav").data()["wbi_img"],
            today["wbi_img"]
        );
    }

    #[test]
    fn a_post_is_not_allowed() {
        let answer = Sim::demo().post(10001, "/x/web-interface/nav", &[]);
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.header("allow"), Some("GET"));
    }
}

//! Who is logged in, and the signing keys: `GET /x/web-interface/nav`.

use crate::{codes::NOT_LOGGED_IN, endpoints::prelude::*};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let keys = call.state.key_ring.keys(call.now);
    let address = |stem| format!("https://i0.hdslb.com/bfs/wbi/{stem}.png");
    let wbi_img = json!({ "img_url": address(keys.img), "sub_url": address(keys.sub) });
    let owner = call.owner().ok();
    let Some(account) = owner.and_then(|owner| call.state.accounts.get(&owner)) else {
        // Without a login, the refusal still has the keys (docs/protocol.md §3).
        return Err(NOT_LOGGED_IN
            .because("no account has this SESSDATA, or it is missing")
            .with_data(Data::of(&json!({ "isLogin": false, "wbi_img": wbi_img }))));
    };
    Ok(Data::of(&json!({
        "isLogin": true,
        "mid": account.uid,
        "uname": account.name,
        "face": account.face,
        "level_info": { "current_level": account.level },
        "wbi_img": wbi_img,
    })))
}

#[cfg(test)]
mod tests {
    use crate::testing::{DAY, Sim};

    #[test]
    fn a_login_gets_its_own_account() {
        let data = Sim::demo().data(10001, "nav");
        assert_eq!(data["isLogin"], true);
        assert_eq!(data["mid"], 10001);
        assert_eq!(data["uname"], "演示UP主");
        assert_eq!(data["level_info"]["current_level"], 6);
    }

    #[test]
    fn the_keys_are_also_given_without_a_login() {
        let mut sim = Sim::demo();
        let known = sim.data(10001, "nav");
        let answer = sim.get_with_cookie("", "nav");
        assert_eq!(answer.code(), -101);
        let data = &answer.json()["data"];
        assert_eq!(data["isLogin"], false);
        assert_eq!(data["wbi_img"], known["wbi_img"]);
        assert!(data["mid"].is_null());
    }

    #[test]
    fn the_keys_change_the_next_day() {
        let mut sim = Sim::demo();
        let today = sim.data(10001, "nav");
        sim.pass(DAY);
        assert_ne!(sim.data(10001, "nav")["wbi_img"], today["wbi_img"]);
    }
}

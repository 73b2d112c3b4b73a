//! Poll the stage of a QR code: `GET /x/passport-login/web/qrcode/poll`.

use super::super::login_cookies::LoginCookies;
use crate::{cookie, endpoints::prelude::*, state::Stage, world::QrLogin};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let key = call.request.query.required("qrcode_key")?;
    let (code, message) = match call.state.qr_codes.poll(key, call.now) {
        Some(Stage::Fresh) => (86101, "未扫码"),
        Some(Stage::Scanned) => (86090, "二维码已扫码未确认"),
        None => (86038, "二维码已失效"),
        Some(Stage::Confirmed(uid)) => return Ok(logged_in(call, uid)),
    };
    Ok(Data::of(&json!({
        "url": "",
        "refresh_token": "",
        "timestamp": 0,
        "code": code,
        "message": message,
    })))
}

/// Begins a login. Its cookies come in headers and in the address, or the address has a ticket for
/// them (docs/protocol.md §13).
fn logged_in(call: &mut Call<'_>, uid: Uid) -> Data {
    let site = "https://passport.biligame.com";
    let rest = format!(
        "gourl={}&first_domain=.bilibili.com",
        cookie::encode("https://www.bilibili.com")
    );
    let (site, query, cookies) = match call.state.options.qr_login {
        QrLogin::Cookies => {
            let cookies = LoginCookies::begin(call, uid);
            (site.to_owned(), cookies.query(), cookies.headers())
        }
        QrLogin::Ticket => {
            let state = &mut *call.state;
            let ticket = state.qr_codes.ticket(uid, call.now, &mut state.chance);
            (
                call.request.origin(),
                format!("ticket={ticket}"),
                Vec::new(),
            )
        }
        QrLogin::Nothing => (site.to_owned(), String::new(), Vec::new()),
    };
    let path = "/x/passport-login/web/crossDomain";
    let polled = json!({
        "url": format!("{site}{path}?{query}&{rest}"),
        "refresh_token": call.state.chance.hex(32),
        "timestamp": call.now.0 / 1000,
        "code": 0,
        "message": "",
    });
    Data::of(&polled).with_cookies(cookies)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::testing::{DAY, Got, Sim};

    fn generate(sim: &mut Sim) -> String {
        let data = sim.get_with_cookie("", "generate").data();
        data["qrcode_key"].as_str().unwrap().to_owned()
    }

    fn poll(sim: &mut Sim, key: &str) -> Got {
        sim.get_with_cookie("", &format!("poll?qrcode_key={key}"))
    }

    fn code(sim: &mut Sim, key: &str) -> Value {
        poll(sim, key).data()["code"].clone()
    }

    /// The cookies of an answer, as a browser would send them.
    fn cookies(answer: &Got) -> String {
        let set = answer.0.headers().get_all("set-cookie").iter();
        let pairs = set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn log_in(sim: &mut Sim) -> Got {
        let key = generate(sim);
        sim.control_ok("/_sim/qr", r#"{"confirm":10002}"#);
        poll(sim, &key)
    }

    #[test]
    fn a_code_is_fresh_then_scanned_then_confirmed_then_used_up() {
        let mut sim = Sim::demo();
        let key = generate(&mut sim);
        assert_eq!(code(&mut sim, &key), 86101);
        for (act, expected) in [("scan", 86090), ("confirm", 0)] {
            let body = format!(r#"{{"qrcode_key":"{key}","{act}":10002}}"#);
            sim.control_ok("/_sim/qr", &body);
            assert_eq!(code(&mut sim, &key), expected);
        }
        assert_eq!(code(&mut sim, &key), 86038);
    }

    #[test]
    fn a_code_is_valid_for_three_minutes() {
        let mut sim = Sim::demo();
        let key = generate(&mut sim);
        sim.pass(179);
        assert_eq!(code(&mut sim, &key), 86101);
        sim.pass(1);
        assert_eq!(code(&mut sim, &key), 86038);
        assert_eq!(code(&mut sim, "made-up"), 86038);
        assert_eq!(sim.get_with_cookie("", "poll").code(), -400);
    }

    #[test]
    fn the_new_cookies_are_good_for_reading_and_writing_beside_the_old() {
        let mut sim = Sim::demo();
        let cookies = cookies(&log_in(&mut sim));
        assert_eq!(sim.get_with_cookie(&cookies, "nav").data()["mid"], 10002);
        assert_eq!(sim.data(10002, "nav")["mid"], 10002);

        let csrf = cookies.split("bili_jct=").nth(1).unwrap();
        let csrf = csrf.split(';').next().unwrap();
        for (csrf, code) in [(sim.csrf(10002).as_str(), -111), (csrf, 0)] {
            let form = format!("talker_id=10001&session_type=1&csrf={csrf}&csrf_token={csrf}");
            let answer = sim.post_form(&cookies, "update_ack", &form);
            assert_eq!(answer.code(), code);
        }
    }

    #[test]
    fn a_login_lasts_180_days() {
        let mut sim = Sim::demo();
        let answer = log_in(&mut sim);
        let first = answer.header("set-cookie").unwrap();
        let expires = "Expires=Tue, 07 Apr 2026 08:53:20 GMT";
        assert!(first.contains(expires), "{first}");
        let cookies = cookies(&answer);
        for (days, code) in [(179, 0), (1, -101)] {
            sim.pass(days * DAY);
            assert_eq!(sim.get_with_cookie(&cookies, "nav").code(), code);
        }
    }

    #[test]
    fn the_address_carries_the_same_cookies_but_sid_encoded_alike() {
        let answer = log_in(&mut Sim::demo());
        let data = answer.data();
        let cookies = cookies(&answer);
        let names = cookies
            .split("; ")
            .map(|pair| pair.split('=').next().unwrap());
        let expected = [
            "SESSDATA",
            "bili_jct",
            "DedeUserID",
            "DedeUserID__ckMd5",
            "sid",
        ];
        assert!(names.eq(expected), "{cookies}");
        let query = data["url"].as_str().unwrap().split_once('?').unwrap().1;
        for pair in cookies.split("; ").take(4) {
            assert!(query.split('&').any(|part| part == pair), "{pair}");
        }
        assert!(
            cookies.contains("%2C") && cookies.contains("%2A"),
            "{cookies}"
        );
        assert_eq!(data["refresh_token"].as_str().unwrap().len(), 32);
    }
}

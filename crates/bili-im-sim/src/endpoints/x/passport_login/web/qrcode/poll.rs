//! Poll the stage of a QR code: `GET /x/passport-login/web/qrcode/poll`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    cookie,
    ids::Uid,
    state::{NewLogin, Stage},
};

#[derive(Default, Serialize)]
struct Polled {
    url: String,
    refresh_token: String,
    timestamp: u64,
    code: u32,
    message: &'static str,
}

impl Polled {
    fn not_yet(code: u32, message: &'static str) -> Self {
        Self {
            code,
            message,
            ..Self::default()
        }
    }
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let key = call.request.query.required("qrcode_key")?;
    let polled = match call.state.qr_codes.poll(key, call.now) {
        Some(Stage::Fresh) => Polled::not_yet(86101, "未扫码"),
        Some(Stage::Scanned) => Polled::not_yet(86090, "二维码已扫码未确认"),
        None => Polled::not_yet(86038, "二维码已失效"),
        Some(Stage::Confirmed(uid)) => return Ok(logged_in(call, uid)),
    };
    Ok(Data::of(&polled))
}

fn logged_in(call: &mut Call<'_>, uid: Uid) -> Data {
    let state = &mut *call.state;
    let login = state.logins.begin(uid, call.now, &mut state.chance);
    let cookies = Cookies {
        dede_user_id_md5: state.chance.hex(16),
        sid: state.chance.hex(8),
        uid,
        login,
    };
    let polled = Polled {
        url: cookies.url(),
        refresh_token: state.chance.hex(32),
        timestamp: call.now.0 / 1000,
        ..Polled::default()
    };
    Data::of(&polled).with_cookies(cookies.headers())
}

/// The cookies of a new login (docs/protocol.md §13).
struct Cookies {
    uid: Uid,
    login: NewLogin,
    dede_user_id_md5: String,
    sid: String,
}

impl Cookies {
    fn headers(&self) -> Vec<String> {
        let sessdata = cookie::encode(&self.login.sessdata);
        let end = format!(
            "Path=/; Domain=bilibili.com; Expires={}",
            self.login.expires.http_date()
        );
        vec![
            format!("SESSDATA={sessdata}; {end}; HttpOnly; Secure"),
            format!("bili_jct={}; {end}", self.login.bili_jct),
            format!("DedeUserID={}; {end}", self.uid),
            format!("DedeUserID__ckMd5={}; {end}", self.dede_user_id_md5),
            format!("sid={}; {end}", self.sid),
        ]
    }

    /// An address that carries all cookies but `sid`.
    fn url(&self) -> String {
        let pairs = [
            ("DedeUserID", self.uid.to_string()),
            ("DedeUserID__ckMd5", self.dede_user_id_md5.clone()),
            ("Expires", self.login.expires.as_secs().to_string()),
            ("SESSDATA", cookie::encode(&self.login.sessdata)),
            ("bili_jct", self.login.bili_jct.clone()),
            ("gourl", cookie::encode("https://www.bilibili.com")),
            ("first_domain", ".bilibili.com".to_owned()),
        ];
        let query = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .join("&");
        format!("https://passport.biligame.com/x/passport-login/web/crossDomain?{query}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::testing::{Answer, DAY, Sim};

    fn generate(sim: &mut Sim) -> String {
        let data = sim
            .get_logged_out("/x/passport-login/web/qrcode/generate")
            .data();
        data["qrcode_key"].as_str().unwrap().to_owned()
    }

    fn poll(sim: &mut Sim, key: &str) -> Answer {
        sim.get_logged_out(&format!(
            "/x/passport-login/web/qrcode/poll?qrcode_key={key}"
        ))
    }

    fn code(sim: &mut Sim, key: &str) -> Value {
        poll(sim, key).data()["code"].clone()
    }

    fn use_phone(sim: &mut Sim, action: &str) {
        let answer = sim.control("POST", "/_sim/qr", action);
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }

    /// The cookies of an answer, as a browser would send them.
    fn cookies(answer: &Answer) -> String {
        let set = answer.0.headers().get_all("set-cookie");
        let pairs = set.iter().map(|cookie| {
            let cookie = cookie.to_str().unwrap();
            cookie.split(';').next().unwrap().to_owned()
        });
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn log_in(sim: &mut Sim) -> Answer {
        let key = generate(sim);
        use_phone(sim, r#"{"confirm":10002}"#);
        poll(sim, &key)
    }

    #[test]
    fn a_code_is_fresh_then_scanned_then_confirmed_then_used_up() {
        let mut sim = Sim::demo();
        let key = generate(&mut sim);
        assert_eq!(code(&mut sim, &key), 86101);
        use_phone(
            &mut sim,
            &format!(r#"{{"qrcode_key":"{key}","scan":10002}}"#),
        );
        assert_eq!(code(&mut sim, &key), 86090);
        use_phone(
            &mut sim,
            &format!(r#"{{"qrcode_key":"{key}","confirm":10002}}"#),
        );
        assert_eq!(code(&mut sim, &key), 0);
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
        let without_key = sim.get_logged_out("/x/passport-login/web/qrcode/poll");
        assert_eq!(without_key.code(), -400);
    }

    #[test]
    fn the_new_cookies_are_good_for_reading_and_writing_beside_the_old() {
        let mut sim = Sim::demo();
        let cookies = cookies(&log_in(&mut sim));
        let nav = sim.get_with_cookie(&cookies, "/x/web-interface/nav").data();
        assert_eq!(nav["mid"], 10002);
        assert_eq!(sim.get(10002, "/x/web-interface/nav").data()["mid"], 10002);

        let csrf = cookies.split("bili_jct=").nth(1).unwrap();
        let csrf = csrf.split(';').next().unwrap();
        let ack =
            |token: &str| format!("talker_id=10001&session_type=1&csrf={token}&csrf_token={token}");
        let mut post = |token: &str| {
            let path = "/session_svr/v1/session_svr/update_ack";
            let form = "application/x-www-form-urlencoded";
            sim.post_with_cookie(form, &cookies, path, &ack(token))
                .code()
        };
        assert_eq!(post("00000000000000000000000000010002"), -111);
        assert_eq!(post(csrf), 0);
    }

    #[test]
    fn a_login_lasts_180_days() {
        let mut sim = Sim::demo();
        let answer = log_in(&mut sim);
        assert!(
            answer
                .header("set-cookie")
                .unwrap()
                .contains("Expires=Tue, 07 Apr 2026 08:53:20 GMT"),
            "{answer:?}"
        );
        let cookies = cookies(&answer);
        let mut code = |days: u64| {
            sim.pass(days * DAY);
            sim.get_with_cookie(&cookies, "/x/web-interface/nav").code()
        };
        assert_eq!((code(179), code(1)), (0, -101));
    }

    #[test]
    fn the_address_carries_the_same_cookies_but_sid_encoded_alike() {
        let mut sim = Sim::demo();
        let answer = log_in(&mut sim);
        let data = answer.data();
        let cookies = cookies(&answer);
        let names: Vec<&str> = cookies
            .split("; ")
            .map(|pair| pair.split_once('=').unwrap().0)
            .collect();
        assert_eq!(
            names,
            [
                "SESSDATA",
                "bili_jct",
                "DedeUserID",
                "DedeUserID__ckMd5",
                "sid"
            ]
        );
        let url = data["url"].as_str().unwrap();
        let query = url.split_once('?').unwrap().1;
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

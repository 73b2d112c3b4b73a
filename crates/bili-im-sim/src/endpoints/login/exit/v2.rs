//! Log out: `POST /login/exit/v2`. This endpoint has its own envelope (docs/protocol.md §13).

use crate::{
    codes::{LOGOUT_CSRF, NOT_LOGGED_IN},
    endpoints::prelude::*,
};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let ts = call.now.as_secs();
    let form = call.unchecked_form()?;
    let request = call.request;
    // Without a login, the service answers with its login page.
    let login = call
        .login()
        .map_err(|refusal| refusal.with_data(Data::page()))?;
    if request.cookie("DedeUserID") != Some(login.uid.to_string()) {
        return Err(NOT_LOGGED_IN
            .because("the cookie DedeUserID is not the login's")
            .with_data(Data::page()));
    }
    let expected = Some(login.bili_jct.as_str());
    if form.get("biliCSRF") != expected || request.cookie("bili_jct").as_deref() != expected {
        return Err(LOGOUT_CSRF
            .because("biliCSRF or the cookie bili_jct is not the login's")
            .with_data(Data::bare(&json!({
                "code": LOGOUT_CSRF.0,
                "status": false,
                "ts": ts,
                "message": LOGOUT_CSRF.1,
            }))));
    }
    if let Some(sessdata) = request.cookie("SESSDATA") {
        call.state.logins.end(&sessdata);
    }
    Ok(Data::bare(&json!({
        "code": 0,
        "status": true,
        "ts": ts,
        "data": { "redirectUrl": "https://www.bilibili.com" },
    })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Got, Sim};

    fn log_out(sim: &mut Sim, cookie: &str, csrf: &str) -> Got {
        sim.post_form(cookie, "exit/v2", &format!("biliCSRF={csrf}"))
    }

    fn is_page(answer: &Got) -> bool {
        answer.status() == 200 && answer.text().starts_with("<!DOCTYPE html>")
    }

    #[test]
    fn logging_out_ends_only_its_own_login_and_a_dead_cookie_gets_a_web_page() {
        let mut sim = Sim::demo();
        let (cookie, csrf) = (sim.cookie(10001), sim.csrf(10001));
        let redirect = json!({ "redirectUrl": "https://www.bilibili.com" });
        assert_eq!(
            log_out(&mut sim, &cookie, &csrf).json(),
            json!({ "code": 0, "status": true, "ts": 1_760_000_000, "data": redirect })
        );
        assert_eq!(sim.code(10001, "nav"), -101);
        assert_eq!(sim.send(10001, 10002, "x").code(), -101);
        assert_eq!(sim.code(10002, "nav"), 0);
        for dead in [cookie.as_str(), "", "SESSDATA=sim-9"] {
            assert!(is_page(&log_out(&mut sim, dead, &csrf)), "{dead}");
        }
    }

    #[test]
    fn logging_out_needs_all_three_cookies_and_the_token() {
        let mut sim = Sim::demo();
        let (cookie, csrf) = (sim.cookie(10001), sim.csrf(10001));
        let no_token = format!("SESSDATA=sim-10001; DedeUserID=10001; x={csrf}");
        for (cookie, csrf) in [(&cookie, "0"), (&no_token, &csrf)] {
            let answer = log_out(&mut sim, cookie, csrf);
            assert_eq!(
                (answer.code(), &answer.json()["status"]),
                (2202, &false.into())
            );
        }
        let no_uid = format!("SESSDATA=sim-10001; bili_jct={csrf}");
        assert!(is_page(&log_out(&mut sim, &no_uid, &csrf)));
        assert_eq!(sim.code(10001, "nav"), 0);
    }
}

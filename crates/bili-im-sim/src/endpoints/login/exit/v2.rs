//! Log out: `POST /login/exit/v2`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    codes::{LOGOUT_CSRF, NOT_LOGGED_IN},
};

/// This endpoint has its own envelope (docs/protocol.md §13).
#[derive(Serialize)]
struct Exit {
    code: i32,
    status: bool,
    ts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Redirect>,
}

#[derive(Serialize)]
struct Redirect {
    #[serde(rename = "redirectUrl")]
    redirect_url: &'static str,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
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
            .with_data(Data::bare(&Exit {
                code: LOGOUT_CSRF.0,
                status: false,
                ts,
                message: Some(LOGOUT_CSRF.1),
                data: None,
            })));
    }
    if let Some(sessdata) = request.cookie("SESSDATA") {
        call.state.logins.end(&sessdata);
    }
    Ok(Data::bare(&Exit {
        code: 0,
        status: true,
        ts,
        message: None,
        data: Some(Redirect {
            redirect_url: "https://www.bilibili.com",
        }),
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Answer, Sim};

    const PATH: &str = "/login/exit/v2";
    const FORM: &str = "application/x-www-form-urlencoded";

    fn log_out(sim: &mut Sim, cookie: &str, csrf: &str) -> Answer {
        sim.post_with_cookie(FORM, cookie, PATH, &format!("biliCSRF={csrf}"))
    }

    fn is_page(answer: &Answer) -> bool {
        answer.status() == 200 && answer.text().starts_with("<!DOCTYPE html>")
    }

    #[test]
    fn logging_out_ends_only_its_own_login() {
        let mut sim = Sim::demo();
        let (cookie, csrf) = (sim.cookie(10001), sim.csrf(10001));
        assert_eq!(
            log_out(&mut sim, &cookie, &csrf).text(),
            r#"{"code":0,"status":true,"ts":1760000000,"data":{"redirectUrl":"https://www.bilibili.com"}}"#
        );
        assert_eq!(sim.get(10001, "/x/web-interface/nav").code(), -101);
        assert_eq!(sim.send(10001, 10002, "x").code(), -101);
        assert_eq!(sim.get(10002, "/x/web-interface/nav").code(), 0);
    }

    #[test]
    fn an_invalid_cookie_gets_a_web_page() {
        let mut sim = Sim::demo();
        let (cookie, csrf) = (sim.cookie(10001), sim.csrf(10001));
        log_out(&mut sim, &cookie, &csrf);
        for dead in [cookie.as_str(), "", "SESSDATA=sim-9"] {
            assert!(is_page(&log_out(&mut sim, dead, &csrf)), "{dead}");
        }
    }

    #[test]
    fn logging_out_needs_all_three_cookies_and_the_token() {
        let mut sim = Sim::demo();
        let (cookie, csrf) = (sim.cookie(10001), sim.csrf(10001));
        let wrong_token = log_out(&mut sim, &cookie, "0");
        assert_eq!(
            (wrong_token.code(), &wrong_token.json()["status"]),
            (2202, &false.into())
        );
        let no_token = format!("SESSDATA=sim-10001; DedeUserID=10001; x={csrf}");
        assert_eq!(log_out(&mut sim, &no_token, &csrf).code(), 2202);
        let no_uid = format!("SESSDATA=sim-10001; bili_jct={csrf}");
        assert!(is_page(&log_out(&mut sim, &no_uid, &csrf)));
        assert_eq!(sim.get(10001, "/x/web-interface/nav").code(), 0);
    }
}

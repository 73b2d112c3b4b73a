//! Exchange the ticket of a QR login for cookies: `GET /x/passport-login/web/crossDomain`.

use super::login_cookies::LoginCookies;
use crate::{endpoints::prelude::*, state::Stage};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let ticket = call.request.query.required("ticket")?;
    match call.state.qr_codes.poll(ticket, call.now) {
        Some(Stage::Confirmed(uid)) => {
            let cookies = LoginCookies::begin(call, uid).headers();
            Ok(Data::of(&json!({})).with_cookies(cookies))
        }
        _ => Err(BAD_REQUEST.because("the ticket is not valid")),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn a_ticket_gets_the_cookies_once() {
        let mut sim = Sim::from_json(r#"{"accounts":[{"uid":1}],"options":{"qr_login":"ticket"}}"#);
        let key = sim.get_with_cookie("", "generate").data()["qrcode_key"].clone();
        sim.control_ok("/_sim/qr", r#"{"confirm":1}"#);
        let polled = sim.get_with_cookie("", &format!("poll?qrcode_key={}", key.as_str().unwrap()));
        assert_eq!(polled.header("set-cookie"), None);
        let url = polled.data()["url"].as_str().unwrap().to_owned();
        assert!(!url.contains("SESSDATA"), "{url}");
        let (_, ticket) = url.split_once("ticket=").unwrap();
        let (ticket, _) = ticket.split_once('&').unwrap();
        let call = format!("crossDomain?ticket={ticket}");
        let cookie = sim
            .get_with_cookie("", &call)
            .header("set-cookie")
            .unwrap()
            .to_owned();
        assert!(cookie.starts_with("SESSDATA="), "{cookie}");
        assert_eq!(sim.get_with_cookie("", &call).code(), -400);
    }
}

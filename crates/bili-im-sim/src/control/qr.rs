//! Scans or confirms a QR code with a user's phone: `POST /_sim/qr`.

use serde::Deserialize;
use serde_json::json;

use super::routes::ControlResult;
use crate::{ids::Uid, service::Service, time::UnixMicros};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhoneAction {
    qrcode_key: Option<String>,
    scan: Option<Uid>,
    confirm: Option<Uid>,
}

pub(super) fn scan_or_confirm(
    service: &mut Service,
    body: &[u8],
    now: UnixMicros,
) -> ControlResult {
    let action: PhoneAction = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let key = action.qrcode_key.as_deref();
    let advanced = match (action.scan, action.confirm) {
        (Some(uid), None) => service.scan_qr(key, uid, now),
        (None, Some(uid)) => service.confirm_qr(key, uid, now),
        _ => return Err("exactly one of `scan` and `confirm` is needed".to_owned()),
    };
    let qrcode_key = advanced.map_err(|error| error.to_string())?;
    Ok(json!({ "qrcode_key": qrcode_key }))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    fn generate(sim: &mut Sim) -> String {
        let data = sim
            .get_logged_out("/x/passport-login/web/qrcode/generate")
            .data();
        data["qrcode_key"].as_str().unwrap().to_owned()
    }

    #[test]
    fn without_a_key_the_newest_code_is_used() {
        let mut sim = Sim::demo();
        let older = generate(&mut sim);
        let newer = generate(&mut sim);
        let answer = sim.control("POST", "/_sim/qr", r#"{"scan":10001}"#);
        assert_eq!(answer.json()["qrcode_key"], newer);
        let named = format!(r#"{{"qrcode_key":"{older}","scan":10001}}"#);
        let answer = sim.control("POST", "/_sim/qr", &named);
        assert_eq!(answer.json()["qrcode_key"], older);
    }

    #[test]
    fn scanning_needs_an_existing_user_and_a_valid_code() {
        let mut sim = Sim::demo();
        let mut problem = |body: &str| {
            let answer = sim.control("POST", "/_sim/qr", body);
            assert_eq!(answer.status(), 400);
            answer.json()["error"].as_str().unwrap().to_owned()
        };
        let no_code = "qrcode_key: there is no such code, or it has expired";
        assert_eq!(problem(r#"{"scan":10001}"#), no_code);
        assert_eq!(problem(r#"{"qrcode_key":"x","confirm":10001}"#), no_code);
        assert_eq!(problem(r#"{"scan":9}"#), "uid: there is no user 9");
        for body in [r#"{}"#, r#"{"scan":10001,"confirm":10001}"#] {
            assert_eq!(
                problem(body),
                "exactly one of `scan` and `confirm` is needed"
            );
        }
        assert!(problem(r#"{"qr_key":"x"}"#).contains("unknown field"));
    }
}

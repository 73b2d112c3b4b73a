//! Make a QR code for logging in: `GET /x/passport-login/web/qrcode/generate`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let state = &mut *call.state;
    let qrcode_key = state.qr_codes.generate(call.now, &mut state.chance);
    let page = "https://account.bilibili.com/h5/account-h5/auth/scan-web";
    Ok(Data::of(&json!({
        "url": format!("{page}?navhide=1&callback=close&qrcode_key={qrcode_key}&from="),
        "qrcode_key": qrcode_key,
    })))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn every_code_has_its_own_key_in_its_address() {
        let mut sim = Sim::demo();
        let [first, second] = [(); 2].map(|()| sim.get_with_cookie("", "generate").data());
        let key = first["qrcode_key"].as_str().unwrap();
        assert!(first["url"].as_str().unwrap().contains(key));
        assert_ne!(first["qrcode_key"], second["qrcode_key"]);
    }
}

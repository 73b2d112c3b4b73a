//! Device cookies: `GET /x/frontend/finger/spi`.

use crate::{chance::Chance, endpoints::prelude::*};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let seconds = call.now.as_secs();
    let chance = &mut call.state.chance;
    let b_3 = format!("{}infoc", device(chance));
    let b_4 = format!("{}-{seconds}-simulated", device(chance));
    Ok(Data::of(&json!({ "b_3": b_3, "b_4": b_4 })))
}

/// A random text in the form of an upper-case UUID and five digits.
fn device(chance: &mut Chance) -> String {
    let parts = [8, 4, 4, 4, 12].map(|digits| chance.hex(digits));
    let digits = chance.below(100_000);
    format!("{}{digits:05}", parts.join("-").to_uppercase())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn everyone_gets_device_cookies_of_their_own() {
        let mut sim = Sim::demo();
        let [first, second] = [(); 2].map(|()| sim.get_with_cookie("", "spi").data());
        assert!(first["b_3"].as_str().unwrap().ends_with("infoc"));
        assert_ne!(first["b_3"], second["b_3"]);
        assert_ne!(first["b_4"], second["b_4"]);
    }
}

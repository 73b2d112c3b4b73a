//! Device cookies: `GET /x/frontend/finger/spi`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    chance::Chance,
};

#[derive(Serialize)]
struct Spi {
    b_3: String,
    b_4: String,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let seconds = call.now.as_secs();
    let chance = &mut call.state.chance;
    Ok(Data::of(&Spi {
        b_3: format!("{}{:05}infoc", device(chance), chance.below(100_000)),
        b_4: format!(
            "{}{:05}-{seconds}-simulated",
            device(chance),
            chance.below(100_000)
        ),
    }))
}

/// A random text in the form of an upper-case UUID.
fn device(chance: &mut Chance) -> String {
    let parts = [8, 4, 4, 4, 12].map(|digits| chance.hex(digits));
    parts.join("-").to_uppercase()
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn everyone_gets_device_cookies_of_their_own() {
        let mut sim = Sim::demo();
        let first = sim.get_logged_out("/x/frontend/finger/spi").data();
        let second = sim.get_logged_out("/x/frontend/finger/spi").data();
        assert!(first["b_3"].as_str().unwrap().ends_with("infoc"));
        assert_ne!(first["b_3"], second["b_3"]);
        assert_ne!(first["b_4"], second["b_4"]);
    }
}

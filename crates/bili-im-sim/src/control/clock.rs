//! Advances the service's clock or sets its skew: `POST /_sim/clock`.

use serde::Deserialize;

use super::routes::{ControlResult, to_json};
use crate::{service::Service, time::UnixMicros};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    advance_seconds: u64,
    skew_seconds: Option<i64>,
}

pub(super) fn show(service: &Service, now: UnixMicros) -> ControlResult {
    to_json(&service.clock(now))
}

pub(super) fn set(service: &mut Service, body: &[u8], now: UnixMicros) -> ControlResult {
    let change: Change = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    service.advance_clock(change.advance_seconds);
    if let Some(seconds) = change.skew_seconds {
        service.skew_clock(seconds);
    }
    show(service, now)
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn time_passes_and_the_date_header_shows_it() {
        let mut sim = Sim::demo();
        assert_eq!(
            sim.get_logged_out("/").header("date"),
            Some("Thu, 09 Oct 2025 08:53:20 GMT")
        );
        let answer = sim.control("POST", "/_sim/clock", r#"{"advance_seconds":60}"#);
        assert_eq!(answer.json()["advanced_seconds"], 60);
        let answer = sim.control(
            "POST",
            "/_sim/clock",
            r#"{"advance_seconds":40,"skew_seconds":-20}"#,
        );
        assert_eq!(answer.json()["now"], sim.now.0 + 80_000_000);
        assert_eq!(
            sim.get_logged_out("/").header("date"),
            Some("Thu, 09 Oct 2025 08:54:40 GMT")
        );
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let answer = Sim::demo().control("POST", "/_sim/clock", r#"{"advance":60}"#);
        assert_eq!(answer.status(), 400);
        assert!(
            answer.json()["error"]
                .as_str()
                .unwrap()
                .contains("unknown field `advance`")
        );
    }
}

//! Sets, shows and clears faults: `/_sim/faults`.

use serde_json::json;

use super::routes::{ControlResult, one_or_many};
use crate::{faults::Rule, service::Service};

pub(super) fn show(service: &Service) -> ControlResult {
    Ok(json!({ "faults": service.faults() }))
}

/// Sets all faults, or none when one is invalid.
pub(super) fn add(service: &mut Service, body: &[u8]) -> ControlResult {
    let rules: Vec<Rule> = one_or_many(body)?;
    service
        .add_faults(rules)
        .map_err(|error| error.to_string())?;
    show(service)
}

pub(super) fn clear(service: &mut Service) -> ControlResult {
    service.clear_faults();
    show(service)
}

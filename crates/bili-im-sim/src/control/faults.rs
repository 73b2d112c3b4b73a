//! Set, show and lift faults: `/_sim/faults`.

use serde_json::json;

use super::routes::{Controlled, one_or_many};
use crate::{faults::Rule, service::Service};

pub(super) fn show(service: &Service) -> Controlled {
    Ok(json!({ "faults": service.faults() }))
}

/// Adds all rules or none.
pub(super) fn add(service: &mut Service, body: &[u8]) -> Controlled {
    let rules: Vec<Rule> = one_or_many(body)?;
    service
        .add_faults(rules)
        .map_err(|error| error.to_string())?;
    show(service)
}

pub(super) fn clear(service: &mut Service) -> Controlled {
    service.clear_faults();
    show(service)
}

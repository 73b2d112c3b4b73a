//! Set, show and lift faults: `/_sim/faults`.

use serde::Deserialize;
use serde_json::json;

use super::routes::Controlled;
use crate::faults::Rule;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<serde_json::Value>),
    One(serde_json::Value),
}

pub(super) fn show(service: &Service) -> Controlled {
    Ok(json!({ "faults": service.faults() }))
}

/// Adds all rules or none.
pub(super) fn add(service: &mut Service, body: &[u8]) -> Controlled {
    let given: OneOrMany = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let given = match given {
        OneOrMany::Many(rules) => rules,
        OneOrMany::One(rule) => vec![rule],
    };
    let rules: Result<Vec<Rule>, _> = given.into_iter().map(serde_json::from_value).collect();
    let rules = rules.map_err(|error| error.to_string())?;
    service
        .add_faults(rules)
        .map_err(|error| error.to_string())?;
    show(service)
}

pub(super) fn clear(service: &mut Service) -> Controlled {
    service.clear_faults();
    show(service)
}

//! Acts on behalf of users' phones: `POST /_sim/act`.

#[cfg(test)]
mod tests;

use serde_json::json;

use super::routes::{ControlResult, one_or_many};
use crate::{service::Service, time::UnixMicros, world::Act};

/// Does the acts in order. The first that is refused ends the list; those before it stay done.
pub(super) fn act(service: &mut Service, body: &[u8], now: UnixMicros) -> ControlResult {
    let acts: Vec<Act> = one_or_many(body)?;
    let done = acts.len();
    service
        .act_all(acts, now)
        .map_err(|error| error.to_string())?;
    Ok(json!({ "done": done }))
}

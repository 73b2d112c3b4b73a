//! The faults of a service.

use http::Response;

use super::Service;
use crate::{
    endpoints::paths,
    faults::{Kind, Rule, RuleState, What, fire},
    images,
    push::{FRAMES, PATH},
    reply::Reply,
    time::UnixMicros,
    world::{WorldError, each},
};

/// More faults than any test sets.
const MOST_FAULTS: usize = 1000;

/// Fails when a fault is invalid, or can affect no request: then it is misspelt.
pub(super) fn check(rule: &Rule) -> Result<(), WorldError> {
    rule.check()?;
    let What::Path(end) = &rule.what else {
        return Ok(());
    };
    let mut paths = paths().into_iter().chain(FRAMES).chain([PATH]);
    // Only the paths of images have dots.
    let is_an_image = end.starts_with(images::FOLDER) || end.contains('.');
    if is_an_image || paths.any(|path| rule.what.matches(path)) {
        Ok(())
    } else {
        let problem = format!("no path ends with the segments {end:?}");
        Err(WorldError::invalid("what", problem))
    }
}

impl Service {
    /// Adds a fault after those that are set.
    ///
    /// # Errors
    ///
    /// When the fault is invalid, like a chance above 1, or matches no path of the service.
    pub fn add_fault(&mut self, rule: Rule) -> Result<(), WorldError> {
        self.add_faults(vec![rule])
    }

    /// Adds all faults, or none when one is invalid.
    pub(crate) fn add_faults(&mut self, rules: Vec<Rule>) -> Result<(), WorldError> {
        each("faults", &rules, check)?;
        if self.faults.len().saturating_add(rules.len()) > MOST_FAULTS {
            return Err(WorldError::invalid("faults", "the service takes no more"));
        }
        self.faults.extend(rules.into_iter().map(RuleState::from));
        Ok(())
    }

    /// Removes all faults. Rotated keys and a skewed clock stay.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The faults that are set, with their counts.
    #[must_use]
    pub fn faults(&self) -> &[RuleState] {
        &self.faults
    }

    /// Applies the faults that fire and change the service. Of the other faults that fire, returns
    /// the one that was set first.
    pub(super) fn fire_faults(&mut self, path: &str) -> Option<Rule> {
        let mut decisive = None;
        for rule in fire(&mut self.faults, path, &mut self.state.chance) {
            match rule.kind {
                Kind::RotateKeys => self.rotate_keys(),
                Kind::Skew { seconds } => self.skew_clock(seconds),
                _ => decisive = decisive.or(Some(rule)),
            }
        }
        decisive
    }

    pub(super) fn apply_fault(
        &mut self,
        kind: Kind,
        answer: Option<Response<Vec<u8>>>,
        now: UnixMicros,
    ) -> Reply {
        match kind.apply(answer, self.state.options.mode, &mut self.state.chance) {
            Reply::Answer(answer) => Reply::Answer(self.dated(answer, now)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::When;

    #[test]
    fn a_fault_that_can_affect_no_request_is_refused() {
        for (what, is_known) in [
            ("any", true),
            ("send_msg", true),
            ("session_svr/update_ack", true),
            ("sub", true),
            ("/bfs/im_new/a.jpg", true),
            ("a.jpg", true),
            ("send_mgs", false),
            ("SEND_MSG", false),
            ("msg", false),
            ("", false),
        ] {
            let checked = check(&Rule::new(what, When::Once, Kind::Stall));
            assert_eq!(checked.is_ok(), is_known, "{what}");
        }
    }
}

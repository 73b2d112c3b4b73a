//! A single fault.

use serde::{Deserialize, Serialize};

use super::{Kind, What};
use crate::world::WorldError;

/// A single fault: the requests that it affects, and what happens to them.
///
/// ```
/// use bili_im_sim::faults::{Kind, Rule, When};
///
/// // The first send takes effect, but its answer is lost.
/// let lost = Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect();
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rule {
    /// Which requests match.
    pub what: What,
    /// Which of the matching requests are affected.
    pub when: When,
    /// Whether an affected request takes effect first.
    #[serde(default)]
    pub effect: Effect,
    /// What happens to it.
    pub kind: Kind,
}

/// Which of the matching requests a fault affects.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum When {
    /// Only the first.
    Once,
    /// All.
    Always,
    /// Only the n-th, counted from 1.
    Nth(u64),
    /// The first n.
    First(u64),
    /// Each with this probability. The world's seed decides.
    Chance(f64),
}

/// Whether a request takes effect before its fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The request does not take effect.
    #[default]
    Before,
    /// The request takes effect, and only its answer is affected.
    After,
}

impl Rule {
    /// A fault that prevents the request from taking effect.
    #[must_use]
    pub fn new(what: impl Into<What>, when: When, kind: Kind) -> Self {
        Self {
            what: what.into(),
            when,
            effect: Effect::Before,
            kind,
        }
    }

    /// The same fault, but the request takes effect first.
    #[must_use]
    pub fn after_effect(self) -> Self {
        Self {
            effect: Effect::After,
            ..self
        }
    }

    /// Fails when a field is invalid.
    pub(crate) fn check(&self) -> Result<(), WorldError> {
        let (field, problem) = match (self.when, &self.kind) {
            (When::Chance(probability), _) if !(0.0..=1.0).contains(&probability) => {
                ("when", "a chance is between 0 and 1")
            }
            (When::Nth(0), _) => ("when", "requests are counted from 1"),
            (_, Kind::CutShort { .. }) if self.effect == Effect::Before => {
                let problem = "must be \"after\": only an answer can be cut short";
                ("effect", problem)
            }
            (_, Kind::Http { status, .. }) if !(300..600).contains(status) => {
                ("kind", "an HTTP status is between 300 and 599")
            }
            (_, kind) => match kind.misfit(&self.what) {
                Some(problem) => ("kind", problem),
                None => return Ok(()),
            },
        };
        Err(WorldError::invalid(field, problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::PageBody;

    #[test]
    fn rules_have_a_plain_json_form() {
        for text in [
            r#"{"what":"send_msg","when":"once","effect":"after","kind":"break_off"}"#,
            r#"{"what":"any","when":{"chance":0.25},"effect":"before","kind":{"http":{"status":429,"body":"json","retry_after":30}}}"#,
            r#"{"what":"nav","when":{"nth":2},"effect":"before","kind":{"code":{"code":-503}}}"#,
            r#"{"what":"any","when":{"first":3},"effect":"after","kind":{"voucher":"header"}}"#,
            r#"{"what":"any","when":"always","effect":"before","kind":{"skew":{"seconds":-3600}}}"#,
        ] {
            let rule: Rule = serde_json::from_str(text).unwrap();
            rule.check().unwrap();
            assert_eq!(serde_json::to_string(&rule).unwrap(), text);
        }
    }

    /// The code spans in the first column of a table of the readme.
    fn in_readme(heading: &str) -> Vec<&str> {
        let readme = include_str!("../../README.md");
        let table = readme.split_once(heading).unwrap().1;
        let rows = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2))
            .collect()
    }

    #[test]
    fn the_kinds_of_the_readme_are_valid() {
        let mut shown = in_readme("| `kind` | what the client sees |");
        shown.extend(in_readme("| `kind` of a frame | what the client sees |"));
        assert_eq!(shown.len(), 20);
        for kind in shown {
            let kind: Result<Kind, _> = serde_json::from_str(kind);
            assert!(kind.is_ok(), "{kind:?}");
        }
    }

    #[test]
    fn a_kind_of_frames_needs_a_frame_and_a_page_a_request() {
        for (what, kind, is_valid) in [
            ("Auth", Kind::Close, true),
            ("WatchNotify", Kind::Forged, true),
            ("WatchNotify", Kind::Stall, true),
            ("sub", Kind::Stall, true),
            ("Auth", Kind::Forged, false),
            ("sub", Kind::Close, false),
            ("any", Kind::Garbage, false),
            ("Heartbeat", Kind::Html, false),
            ("Heartbeat", Kind::Giant { bytes: 1 << 25 }, false),
        ] {
            let checked = Rule::new(what, When::Once, kind.clone()).check();
            assert_eq!(checked.is_ok(), is_valid, "{what} {kind:?}");
        }
    }

    #[test]
    fn invalid_rules_are_refused() {
        let page = Kind::Http {
            status: 200,
            body: PageBody::Html,
            retry_after: None,
        };
        for (when, kind, field) in [
            (When::Chance(f64::NAN), Kind::Stall, "when"),
            (When::Nth(0), Kind::Stall, "when"),
            (When::Once, Kind::CutShort { bytes: 1 }, "effect"),
            (When::Once, page, "kind"),
        ] {
            let problem = Rule::new("any", when, kind).check().unwrap_err();
            let problem = problem.to_string();
            assert!(problem.starts_with(&format!("{field}: ")), "{problem}");
        }
    }
}

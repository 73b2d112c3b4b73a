//! Faults: what goes wrong on demand.

pub(crate) use plan::Plan;
pub use plan::RuleState;
pub use rule::{Effect, Kind, PageBody, Rule, VoucherPlace, What, When};

mod apply;
mod plan;
mod rule;

//! Faults that the service shows on demand.

mod apply;
mod plan;
mod rule;

pub(crate) use self::plan::fire;
pub use self::{
    plan::RuleState,
    rule::{Effect, Kind, PageBody, Rule, VoucherPlace, What, When},
};

//! Faults that the service shows on demand.

mod apply;
mod kind;
mod plan;
mod rule;
mod what;

pub(crate) use self::plan::fire;
pub use self::{
    kind::{Kind, PageBody, VoucherPlace},
    plan::RuleState,
    rule::{Effect, Rule, When},
    what::What,
};

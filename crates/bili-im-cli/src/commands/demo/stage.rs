//! Shows the steps of the demonstration.

use std::fmt::{self, Display};

use bili_im_proto::Origin;
use serde::Serialize;

use crate::{failure::Failure, output::Output};

/// Shows the steps, and collects them for the JSON.
pub(super) struct Stage {
    pub(super) out: Output,
    pub(super) adapter: &'static str,
    pub(super) steps: Vec<DemoStep>,
}

impl Stage {
    pub(super) fn enter(&mut self, adapter: &'static str, service: &Origin) -> Result<(), Failure> {
        self.adapter = adapter;
        self.out.narrate(&format!("over {adapter}, at {service}"))
    }

    pub(super) fn show(
        &mut self,
        ok: bool,
        step: impl Into<String>,
        saw: &[String],
    ) -> Result<(), Failure> {
        let step = DemoStep {
            adapter: self.adapter,
            ok,
            step: step.into(),
            saw: saw.to_vec(),
        };
        self.out.narrate(&step)?;
        self.steps.push(step);
        Ok(())
    }
}

#[derive(Debug, Serialize)]
pub(super) struct DemoStep {
    adapter: &'static str,
    step: String,
    pub(super) ok: bool,
    saw: Vec<String>,
}

impl Display for DemoStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok { "ok   " } else { "WRONG" };
        write!(f, "  {verdict} {}", self.step)?;
        for line in &self.saw {
            write!(f, "\n          {line}")?;
        }
        Ok(())
    }
}

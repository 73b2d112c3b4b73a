//! The command: plays the scenes and says whether all came out as they should.

use std::fmt::{self, Display};

use serde::Serialize;

use super::{
    adapter::AdapterName,
    scenes::{SCENES, Step},
    stage::Stage,
};
use crate::{args::Global, failure::Failure, output::Output};

/// Show how lost answers and killed watches end; no account needed
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// The client to show
    #[arg(long, value_enum, default_value = "ureq")]
    adapter: AdapterName,
}

impl Demo {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let stage = Stage::new(self.adapter)?;
        let client = match self.adapter {
            AdapterName::Ureq => text!("bili-im-ureq, blocking", "bili-im-ureq（阻塞）"),
            AdapterName::Reqwest => text!("bili-im-reqwest, async", "bili-im-reqwest（异步）"),
        };
        out.narrate(&format_text!(
            "over {client}; a simulated service at {}",
            "{client}；模拟服务在 {}",
            stage.origin
        ))?;
        let mut steps = Vec::new();
        for scene in SCENES {
            let step = scene(&stage)?;
            out.narrate(&step)?;
            steps.push(step);
        }
        let ok = steps.iter().all(|step| step.ok);
        let adapter = self.adapter;
        out.print(&DemoOutput { ok, adapter, steps })?;
        if ok {
            Ok(())
        } else {
            Err(Failure::other(not_as_it_should()))
        }
    }
}

#[derive(Debug, Serialize)]
struct DemoOutput {
    ok: bool,
    adapter: AdapterName,
    steps: Vec<Step>,
}

impl Display for DemoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ok {
            text!("all of it came out as it should", "全部符合预期")
        } else {
            not_as_it_should()
        })
    }
}

fn not_as_it_should() -> &'static str {
    text!("not all of it came out as it should", "有的结果与预期不符")
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok {
            text!("ok   ", "通过 ")
        } else {
            text!("WRONG", "不符 ")
        };
        write!(
            f,
            "{verdict} {}\n      {}",
            self.step,
            self.saw.join("\n      ")
        )
    }
}

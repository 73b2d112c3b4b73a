//! `bili-im whoami`

use std::fmt::{self, Display};

use bili_im_json::WhoamiJson;
use serde::Serialize;

use crate::{
    active_login::ActiveLogin, args::Global, failure::Failure, moment, output::Output,
    words::on_one_line,
};

/// Show whom the cookie belongs to
#[derive(Debug, clap::Args)]
pub(crate) struct Whoami {}

impl Whoami {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let login = ActiveLogin::open(global, out)?;
        let profile = login.client().profile()?;
        let expires = login.client().account().credential().expires();
        let endpoint = global.endpoint()?.map(|endpoint| endpoint.to_string());
        out.print(&WhoamiOutput(WhoamiJson::new(profile, expires, endpoint)))
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct WhoamiOutput(WhoamiJson);

impl Display for WhoamiOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text!(
            f,
            "uid {}\nname {}",
            "uid  {}\n名字 {}",
            self.0.uid,
            on_one_line(&self.0.name)
        )?;
        if let Some(level) = self.0.level {
            write_text!(f, "\nlevel {level}", "\n等级 {level}")?;
        }
        if let Some(end) = self.0.expires {
            write_text!(f, "\nexpires {}", "\n到期 {}", moment::day(end))?;
        }
        match &self.0.endpoint {
            Some(endpoint) => write_text!(f, "\nendpoint {endpoint}", "\n服务 {endpoint}"),
            None => Ok(()),
        }
    }
}

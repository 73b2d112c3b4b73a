//! `bili-im whoami`

use std::fmt::{self, Display};

use bili_im_proto::{Uid, UnixSeconds};
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
        out.print(&WhoamiOutput {
            uid: profile.uid,
            name: profile.name,
            level: profile.level,
            face: profile.face,
            expires,
            endpoint: global.endpoint()?.map(|endpoint| endpoint.to_string()),
        })
    }
}

#[derive(Debug, Serialize)]
struct WhoamiOutput {
    uid: Uid,
    name: String,
    level: Option<u32>,
    face: String,
    /// In seconds since 1970.
    expires: Option<UnixSeconds>,
    /// The service's address; `None` stands for bilibili.
    endpoint: Option<String>,
}

impl Display for WhoamiOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text!(
            f,
            "uid {}\nname {}",
            "uid  {}\n名字 {}",
            self.uid,
            on_one_line(&self.name)
        )?;
        if let Some(level) = self.level {
            write_text!(f, "\nlevel {level}", "\n等级 {level}")?;
        }
        if let Some(end) = self.expires {
            write_text!(f, "\nexpires {}", "\n到期 {}", moment::day(end))?;
        }
        match &self.endpoint {
            Some(endpoint) => write_text!(f, "\nendpoint {endpoint}", "\n服务 {endpoint}"),
            None => Ok(()),
        }
    }
}

//! `bili-im whoami`

use crate::{
    cli::Global,
    failure::Failure,
    output::{Output, WhoamiOutput},
    session::Session,
};

/// Show whom the cookie belongs to
#[derive(Debug, clap::Args)]
pub(crate) struct Whoami {}

impl Whoami {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let session = Session::open(global, out)?;
        let profile = session.client().profile()?;
        let expires = session.client().account().credential().expires();
        out.print(&WhoamiOutput::new(profile, expires))
    }
}

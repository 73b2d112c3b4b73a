//! `bili-im send-image`

use bili_im_proto::Image;

use crate::{
    cli::{DryRun, Global, To},
    failure::Failure,
    output::Output,
    session::Session,
};

/// Send an image by its address
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  bili-im send-image 1 https://i0.hdslb.com/bfs/album/x.jpg")]
pub(crate) struct SendImage {
    #[command(flatten)]
    to: To,
    /// Its address, on .hdslb.com or .biliimg.com
    url: String,
    /// Take an image on any host; the service may refuse it
    #[arg(long)]
    any_host: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl SendImage {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let image = if self.any_host {
            Image::on_any_host(&self.url)?
        } else {
            Image::new(&self.url)?
        };
        let session = Session::open_to_change(global, out)?;
        session.send(self.to.talker(), image, self.dry_run)
    }
}

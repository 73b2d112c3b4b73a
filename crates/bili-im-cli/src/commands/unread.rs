//! `bili-im unread`

use bili_im_proto::MyGroupUnread;

use crate::{
    cli::Global,
    failure::Failure,
    output::{Output, UnreadOutput},
    session::Session,
};

/// Count the unread messages
#[derive(Debug, clap::Args)]
pub(crate) struct Unread {}

impl Unread {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let session = Session::open(global, out)?;
        let users = session.client().unread()?;
        let groups = match session.client().call(MyGroupUnread) {
            Ok(groups) => Some(groups.unread_count),
            Err(error) => {
                out.warn(&format!("groups are not counted: {error}"));
                None
            }
        };
        out.print(&UnreadOutput::new(&users, groups))
    }
}

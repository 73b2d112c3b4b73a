//! Recalling.

use std::convert::Infallible;

use crate::{endpoints::Recall, error::RefusalKind, flow::prelude::*, ids::MsgKey};

impl Account {
    /// Recalls an own message that went to `talker`. Repeated while the outcome is unknown.
    pub fn recall(&self, talker: impl Into<Talker>, msg_key: MsgKey) -> Flow<Infallible, ()> {
        let recall = Recall::new(talker, msg_key);
        Flow::of(self, async move |io| repeat_recall(&io, &recall).await)
    }
}

async fn repeat_recall<I>(io: &Io<I>, recall: &Recall) -> Result<(), Error> {
    io.ready(recall).await?;
    let (result, tries) = io.repeat(recall).await;
    match result {
        // An earlier attempt has recalled it.
        Err(error) if tries > 1 && error.kind() == Some(RefusalKind::AlreadyRecalled) => Ok(()),
        other => other,
    }
}

//! Recalling.

use crate::{
    account::Account,
    endpoints::Recall,
    error::{Error, RefusalKind},
    flow::{call, io::Io},
};

/// Recalls a message. That an earlier try has recalled it is as good.
pub(crate) async fn recall<I>(account: &Account, io: &Io<I>, recall: Recall) -> Result<(), Error> {
    call::ready(account, io, &recall).await?;
    let (result, tries) = call::repeat(account, io, &recall).await;
    match result {
        Err(error) if tries > 1 && error.kind() == Some(RefusalKind::AlreadyRecalled) => Ok(()),
        other => other,
    }
}

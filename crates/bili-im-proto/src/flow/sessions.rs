//! Listing every session.

use std::collections::BTreeSet;

use crate::{
    account::Account,
    endpoints::{GetSessions, SessionFilter},
    error::Error,
    flow::{call, io::Io},
    ids::Talker,
    session::Session,
};

/// What together is everything, since listing all at once does not page (docs/protocol.md §7).
const FILTERS: [SessionFilter; 3] = [
    SessionFilter::Users,
    SessionFilter::Unfollowed,
    SessionFilter::Groups,
];

/// Hands out every session once, page by page.
pub(crate) async fn sessions(
    account: &Account,
    io: &Io<Vec<Session>>,
    filters: &[SessionFilter],
) -> Result<(), Error> {
    let mut seen = BTreeSet::<Talker>::new();
    for &filter in filters {
        let mut request = GetSessions::new(filter).with_size(100);
        loop {
            let page = call::call(account, io, &request).await?;
            let oldest = page.oldest();
            let mut new = page.sessions;
            new.retain(|session| seen.insert(session.talker));
            let progress = !new.is_empty();
            if progress {
                io.emit(new).await;
            }
            match oldest {
                // Whether the bound is inclusive is not known: overlap by one and drop repeats.
                Some(oldest) if page.has_more && progress => {
                    let end = crate::time::UnixMicros(oldest.0.saturating_add(1));
                    request = request.with_end_ts(end);
                }
                _ => break,
            }
        }
    }
    Ok(())
}

/// Every session.
pub(crate) async fn all_sessions(account: &Account, io: &Io<Vec<Session>>) -> Result<(), Error> {
    sessions(account, io, &FILTERS).await
}

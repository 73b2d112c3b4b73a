//! `/svr_sync/v1/svr_sync`.

mod fetch_session_msgs;
mod page;

use crate::endpoints::routes::{Route, get};

pub(in crate::endpoints) const ROUTES: &[Route] = &[get(
    "/svr_sync/v1/svr_sync/fetch_session_msgs",
    fetch_session_msgs::answer,
)];

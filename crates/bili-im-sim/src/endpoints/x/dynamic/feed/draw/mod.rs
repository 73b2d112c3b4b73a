//! `/x/dynamic/feed/draw`.

mod picture;
mod upload_bfs;

use crate::endpoints::routes::{Route, post};

pub(in crate::endpoints) const ROUTES: &[Route] =
    &[post("/x/dynamic/feed/draw/upload_bfs", upload_bfs::answer)];

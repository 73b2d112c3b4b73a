//! `/x/dynamic/feed/draw`.

pub(in crate::endpoints) mod upload_bfs;

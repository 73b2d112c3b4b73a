mod upload_bfs;

pub use upload_bfs::*;

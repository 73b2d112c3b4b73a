//! bilibili private messages over blocking ureq.

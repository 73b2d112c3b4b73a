//! The bilibili private-message protocol without I/O.

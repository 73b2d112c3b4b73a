//! bilibili private messages at a terminal.

fn main() {}

//! Tests of push, against frames that are written and read by other code.

mod any_input;
mod conversation;
mod driver;
mod pace;
mod shapes;
mod wire;

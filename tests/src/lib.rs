//! Tests that span crates; see the `tests` folder beside this one.

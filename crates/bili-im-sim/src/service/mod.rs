//! The simulated service.

mod handle;
#[cfg(test)]
mod tests;

pub use self::handle::Service;

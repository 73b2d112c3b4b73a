//! The service as a whole.

mod handle;
#[cfg(test)]
mod tests;

pub use self::handle::Service;

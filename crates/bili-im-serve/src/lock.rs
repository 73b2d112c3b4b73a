//! How a mutex is locked.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also when a holder has panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

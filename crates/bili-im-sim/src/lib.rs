//! A simulated bilibili private-message service.

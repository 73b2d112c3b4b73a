//! bilibili private messages over async reqwest.

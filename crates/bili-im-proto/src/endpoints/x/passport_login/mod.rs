mod web;

pub use web::*;

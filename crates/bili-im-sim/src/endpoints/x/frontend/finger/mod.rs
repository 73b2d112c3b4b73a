//! `/x/frontend/finger`.

mod spi;

use crate::endpoints::routes::{Route, get};

pub(in crate::endpoints) const ROUTES: &[Route] = &[get("/x/frontend/finger/spi", spi::answer)];

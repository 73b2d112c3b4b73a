//! `/account/v1/user`.

mod cards;

use crate::endpoints::routes::{Route, get};

pub(in crate::endpoints) const ROUTES: &[Route] = &[get("/account/v1/user/cards", cards::answer)];

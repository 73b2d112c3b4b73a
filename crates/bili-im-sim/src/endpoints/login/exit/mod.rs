//! `/login/exit`.

mod v2;

use crate::endpoints::routes::{Route, post};

pub(in crate::endpoints) const ROUTES: &[Route] = &[post("/login/exit/v2", v2::answer)];

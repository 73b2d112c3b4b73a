//! `/x/web-interface`.

mod nav;

use crate::endpoints::routes::{Route, get};

pub(in crate::endpoints) const ROUTES: &[Route] = &[get("/x/web-interface/nav", nav::answer)];

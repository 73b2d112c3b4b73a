//! Mistakes made on purpose, each of which must break a law.

use bili_im_proto::{Mistake, plant};

use super::simulation::run;

/// In how many runs a mistake must show.
const RUNS: u64 = 5000;

/// Every mistake, and what the law says that it breaks.
pub const MISTAKES: [(Mistake, &str); 16] = [
    (Mistake::NoOverlap, "was not told"),
    (Mistake::MarkBeforeDelivery, "was not told"),
    (Mistake::PendingForgotten, "was not told"),
    (Mistake::FailedLetGo, "was not told"),
    (Mistake::HistoryAsNews, "was told"),
    (Mistake::TypeFourTrusted, "was not told"),
    (Mistake::OnePage, "was not told"),
    (Mistake::ShortPageWhole, "was not told"),
    (Mistake::NoReconcile, "was not told"),
    (Mistake::NewestFirst, "was told after"),
    (Mistake::ForgetWithoutFloor, "was told"),
    (Mistake::Resend, "went out twice"),
    (Mistake::CreditTwice, "are said to"),
    (Mistake::DoubtfulIsCertain, "exists and is not said to"),
    (Mistake::Unpaced, "too often"),
    (Mistake::DeafToTooFast, "too fast"),
];

/// The first seed whose run a mistake spoils, and the law it breaks.
pub fn catch(mistake: Mistake) -> Option<(u64, String)> {
    plant(Some(mistake));
    let caught = (0..RUNS).find_map(|seed| Some((seed, run(seed).verdict.err()?)));
    plant(None);
    caught
}

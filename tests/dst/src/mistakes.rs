//! Mistakes made on purpose, each of which must break a law.

use bili_im_proto::{Mistake, plant};

use super::simulation::run;

/// In how many runs a mistake must show.
const RUNS: u64 = 3000;

/// Every mistake, and what the law says that it breaks.
pub const MISTAKES: [(Mistake, &str); 25] = [
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
    (Mistake::OneFloorForAll, "was not told"),
    (Mistake::PendingClearedEarly, "was not told"),
    (Mistake::NobodyKnown, "was told"),
    (Mistake::UnseenForEver, "was not told"),
    (Mistake::MarkBeforeSweep, "was not told"),
    (Mistake::PinnedCounted, "was not told"),
    (Mistake::EarlyListLetGo, "was not told"),
    (Mistake::FlightsForgotten, "is not told so"),
    (Mistake::Resend, "went out twice"),
    (Mistake::CreditTwice, "said to"),
    (Mistake::DoubtfulIsCertain, "exists and is not said to"),
    (Mistake::AbsentAtOnce, "went out twice"),
    (Mistake::Unpaced, "too often"),
    (Mistake::DeafToTooFast, "too fast"),
];

/// The first seed in whose run a mistake breaks a law, and what it says.
pub fn catch(mistake: Mistake, law: &str) -> Option<(u64, String)> {
    (0..RUNS).find_map(|seed| {
        plant(Some(mistake));
        let broken = run(seed).verdict.err();
        plant(None);
        // What is broken without it is no proof.
        broken
            .filter(|broken| broken.contains(law) && run(seed).verdict.is_ok())
            .map(|broken| (seed, broken))
    })
}

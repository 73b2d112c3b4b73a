//! Catching mistakes that were made on purpose: see `cargo xtask dst --planted`.

use bili_im_proto::planted::plant;

use super::simulation::run;

/// In how many runs a mistake must show.
const RUNS: u64 = 3000;

/// The first seed in whose run a mistake breaks a law, and what it says.
pub fn catch(mistake: &'static str, law: &str) -> Option<(u64, String)> {
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

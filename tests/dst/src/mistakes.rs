//! Finds a seed whose run catches a planted mistake: see `cargo xtask dst --planted`.

use bili_im_proto::planted::plant;

use super::simulation::run;

/// How many seeds are tried for each mistake.
const RUNS: u64 = 10_000;

/// A seed whose run breaks `law` with the mistake and breaks none without it, with the message of
/// the broken law. `first` is tried first.
pub fn catch(mistake: &'static str, law: &str, first: u64) -> Option<(u64, String)> {
    [first].into_iter().chain(0..RUNS).find_map(|seed| {
        plant(Some(mistake));
        let broken = run(seed).verdict.err();
        plant(None);
        // A law that is broken without the mistake proves nothing.
        broken
            .filter(|broken| broken.contains(law) && run(seed).verdict.is_ok())
            .map(|broken| (seed, broken))
    })
}

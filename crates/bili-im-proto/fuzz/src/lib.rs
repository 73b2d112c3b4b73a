//! Fuzz targets. Each function takes bytes from a fuzzer, and panics when a promise is broken.
//!
//! `cargo xtask fuzz --seconds N` runs them all. `seeds/` has small files to begin with for each;
//! the tests here run those as they are.

mod answers;
mod archives;
mod bytes;
mod cookies;
mod flows;
mod frames;
mod simulator;

pub use crate::{
    answers::{answers, contents},
    archives::{import, pages},
    cookies::{cookies, qr_poll},
    flows::{flows, stored},
    frames::frames,
    simulator::simulator,
};

use std::error::Error;

use bili_im_proto::is_treacherous;

/// An error shows no character that could drive a terminal, and is no longer than a few lines.
fn check_error(error: &dyn Error) {
    let mut next = Some(error);
    while let Some(error) = next {
        let shown = error.to_string();
        assert!(!shown.contains(is_treacherous), "{shown:?}");
        assert!(shown.len() < 8000, "{} bytes", shown.len());
        next = error.source();
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn the_seeds_break_nothing() {
        let targets: [(&str, fn(&[u8])); 10] = [
            ("answers", super::answers),
            ("contents", super::contents),
            ("cookies", super::cookies),
            ("flows", super::flows),
            ("frames", super::frames),
            ("import", super::import),
            ("pages", super::pages),
            ("qr_poll", super::qr_poll),
            ("simulator", super::simulator),
            ("stored", super::stored),
        ];
        for (name, target) in targets {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("seeds")
                .join(name);
            let mut seeds = 0;
            for entry in fs::read_dir(folder).unwrap() {
                target(&fs::read(entry.unwrap().path()).unwrap());
                seeds += 1;
            }
            assert!(seeds > 0, "{name} has no seeds");
        }
    }
}

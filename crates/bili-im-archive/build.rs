//! Writes the table of simplified characters that `src/folding.rs` reads. The crates that know them
//! carry megabytes, and take long to start.

use std::{env, error::Error, fmt::Write, fs, path::Path};

/// The characters that may have a simplified form.
const IDEOGRAPHS: std::ops::RangeInclusive<char> = '\u{3400}'..='\u{9fff}';

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut table = String::from("[");
    for character in IDEOGRAPHS {
        write!(table, "'{}',", simplified(character))?;
    }
    table.push(']');
    let folder = env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("simplified.rs"), table)?;
    Ok(())
}

/// The simplified form of a character. Each crate lacks some dozens that the other has, and some
/// forms have a further one: 麼 么 幺.
fn simplified(mut character: char) -> char {
    loop {
        let text = character.to_string();
        let converted = fast2s::convert(&character_converter::traditional_to_simplified(&text));
        match converted.chars().next() {
            Some(next) if next != character => character = next,
            _ => return character,
        }
    }
}

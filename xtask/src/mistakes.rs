//! Plants mistakes in a copy of the sources, to check that the simulation's laws catch them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The list of mistakes.
const LIST: &str = "tests/dst/mistakes/mistakes.txt";

/// The module that turns a mistake on, added to the copy of the protocol crate.
const MODULE: &str = "tests/dst/mistakes/planted.rs";

/// Where that module stands in the copy.
const PLANTED: &str = "crates/bili-im-proto/src/planted.rs";

/// The files and folders that are copied.
const COPIED: [&str; 8] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "benches",
    "crates",
    "tests",
    "xtask",
];

/// The folder of the copy, and a file with each mistake's name, broken law and first seed.
pub(crate) struct Planted {
    pub(crate) copy: PathBuf,
    pub(crate) list: PathBuf,
}

struct Mistake {
    name: String,
    breaks: String,
    /// The seed that is tried first.
    seed: String,
    changes: Vec<Change>,
}

#[derive(Default)]
struct Change {
    file: PathBuf,
    after: Option<String>,
    from: String,
    to: String,
}

/// Writes a copy of the workspace in which each mistake can be turned on.
pub(crate) fn plant(workspace: &Path) -> Result<Planted, String> {
    let text = read(&workspace.join(LIST))?;
    let mistakes = parse(&text)?;
    let copy = workspace.join("target/mistakes/sources");
    let mut old = Vec::new();
    if copy.exists() {
        collect(&copy, &mut old).map_err(|error| format!("{}: {error}", copy.display()))?;
    }
    let mut files = Vec::new();
    for name in COPIED {
        collect(&workspace.join(name), &mut files).map_err(|error| format!("{name}: {error}"))?;
    }
    for file in files {
        let relative = file
            .strip_prefix(workspace)
            .map_err(|error| error.to_string())?;
        let planted = match mistakes
            .iter()
            .any(|m| m.changes.iter().any(|c| c.file == relative))
        {
            true => mistakes_in(relative, read(&file)?, &mistakes)?.into_bytes(),
            false => fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?,
        };
        write_if_changed(&copy.join(relative), &planted)?;
    }
    let module = read(&workspace.join(MODULE))?;
    write_if_changed(&copy.join(PLANTED), module.as_bytes())?;
    let lib = read(&workspace.join("crates/bili-im-proto/src/lib.rs"))?;
    let lib = format!("#![allow(warnings)]\n{lib}\n#[doc(hidden)]\npub mod planted;\n");
    write_if_changed(
        &copy.join("crates/bili-im-proto/src/lib.rs"),
        lib.as_bytes(),
    )?;
    let manifest = as_another_version(&read(&workspace.join("Cargo.toml"))?)?;
    write_if_changed(&copy.join("Cargo.toml"), manifest.as_bytes())?;
    // What the sources no longer have.
    for file in old {
        let relative = file.strip_prefix(&copy).unwrap_or(&file);
        if !workspace.join(relative).exists() && relative != Path::new(PLANTED) {
            fs::remove_file(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    let list = workspace.join("target/mistakes/list.txt");
    let lines = mistakes
        .iter()
        .map(|m| format!("{}\t{}\t{}\n", m.name, m.breaks, m.seed));
    write_if_changed(&list, lines.collect::<String>().as_bytes())?;
    Ok(Planted { copy, list })
}

/// The workspace's manifest with another version. Both build in one target folder, and otherwise
/// cargo would take what it built of the copy for the workspace's own.
fn as_another_version(manifest: &str) -> Result<String, String> {
    let (before, rest) =
        (manifest.split_once("\nversion = \"")).ok_or("Cargo.toml has no version")?;
    let (version, after) = rest.split_once('"').ok_or("Cargo.toml has no version")?;
    Ok(format!("{before}\nversion = \"{version}+planted\"{after}"))
}

fn parse(text: &str) -> Result<Vec<Mistake>, String> {
    let mut mistakes: Vec<Mistake> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let wrong = || format!("{LIST}, line {}: {line}", number + 1);
        if let Some(name) = line.strip_prefix('[') {
            mistakes.push(Mistake {
                name: name.trim_end_matches(']').to_owned(),
                breaks: String::new(),
                seed: "0".to_owned(),
                changes: Vec::new(),
            });
            continue;
        }
        let Some(mistake) = mistakes.last_mut().filter(|_| !line.is_empty()) else {
            continue;
        };
        if let Some(breaks) = line.strip_prefix("breaks: ") {
            mistake.breaks = breaks.to_owned();
        } else if let Some(seed) = line.strip_prefix("seed: ") {
            mistake.seed = seed.to_owned();
        } else if let Some(file) = line.strip_prefix("in: ") {
            mistake.changes.push(Change {
                file: file.into(),
                ..Change::default()
            });
        } else {
            let change = mistake.changes.last_mut().ok_or_else(wrong)?;
            if let Some(after) = line.strip_prefix("after: ") {
                change.after = Some(after.to_owned());
            } else if let Some(from) = line.strip_prefix("- ") {
                change.from = from.to_owned();
            } else {
                change.to = line.strip_prefix("+ ").ok_or_else(wrong)?.to_owned();
            }
        }
    }
    Ok(mistakes)
}

/// The text of a file with all of its mistakes planted.
fn mistakes_in(file: &Path, mut text: String, mistakes: &[Mistake]) -> Result<String, String> {
    let module = if file.starts_with("crates/bili-im-proto") {
        "crate::planted"
    } else {
        "bili_im_proto::planted"
    };
    for mistake in mistakes {
        for change in mistake.changes.iter().filter(|change| change.file == file) {
            let no_longer = |why: &str| {
                let (name, file) = (&mistake.name, file.display());
                format!("the mistake [{name}] no longer fits {file}: {why}")
            };
            let start = match &change.after {
                Some(after) => find(&text, after, 0).ok_or_else(|| no_longer(after))?.1,
                None => 0,
            };
            let (from, to) =
                find(&text, &change.from, start).ok_or_else(|| no_longer(&change.from))?;
            if change.after.is_none() && find(&text, &change.from, to).is_some() {
                return Err(no_longer("the expression appears more than once"));
            }
            let right = text.get(from..to).unwrap_or_default().to_owned();
            let (name, wrong) = (&mistake.name, &change.to);
            let either =
                format!("(if {module}::is_planted({name:?}) {{ {wrong} }} else {{ {right} }})");
            text.replace_range(from..to, &either);
        }
    }
    Ok(text)
}

/// The range of a text, which is searched without regard to white space.
fn find(text: &str, wanted: &str, start: usize) -> Option<(usize, usize)> {
    let rest = text.get(start..)?;
    (rest.char_indices()).find_map(|(offset, _)| {
        let from = start + offset;
        let end = length_at_start(text.get(from..)?, wanted)?;
        Some((from, from + end))
    })
}

/// The length of `wanted` at the start of a text, without regard to white space.
fn length_at_start(text: &str, wanted: &str) -> Option<usize> {
    let mut letters = text
        .char_indices()
        .filter(|(_, letter)| !letter.is_whitespace());
    let mut end = 0;
    if text.starts_with(char::is_whitespace) {
        return None;
    }
    for wanted in wanted.chars().filter(|letter| !letter.is_whitespace()) {
        let (at, letter) = letters.next()?;
        if letter != wanted {
            return None;
        }
        end = at + letter.len_utf8();
    }
    Some(end)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.file_name().is_none_or(|name| name != "target") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file unless it has this content, so that cargo does not rebuild it.
fn write_if_changed(path: &Path, content: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let written = match path.parent() {
        Some(folder) => fs::create_dir_all(folder).and_then(|()| fs::write(path, content)),
        None => fs::write(path, content),
    };
    written.map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(text: &str, list: &str) -> Result<String, String> {
        mistakes_in(Path::new("a.rs"), text.to_owned(), &parse(list).unwrap())
    }

    #[test]
    fn a_mistake_is_planted_at_its_expression_whatever_the_white_space() {
        let text = "fn f() -> bool {\n    a\n        .b( c )\n}\n";
        let list = "[x]\nbreaks: law\nin: a.rs\n- a.b(c)\n+ true\n";
        let made = planted(text, list).unwrap();
        let right =
            "(if bili_im_proto::planted::is_planted(\"x\") { true } else { a\n        .b( c ) })";
        assert_eq!(made, format!("fn f() -> bool {{\n    {right}\n}}\n"));
    }

    #[test]
    fn a_mistake_that_no_longer_fits_is_an_error() {
        for (text, list) in [
            ("fn f() {}", "[x]\nin: a.rs\n- g()\n+ h()\n"),
            ("g(); g();", "[x]\nin: a.rs\n- g()\n+ h()\n"),
            ("g();", "[x]\nin: a.rs\nafter: f()\n- g()\n+ h()\n"),
        ] {
            let error = planted(text, list).unwrap_err();
            assert!(
                error.starts_with("the mistake [x] no longer fits a.rs"),
                "{error}"
            );
        }
    }

    #[test]
    fn after_a_text_the_next_expression_is_planted() {
        let made = planted(
            "g(); f(); g(); g();",
            "[x]\nin: a.rs\nafter: f()\n- g()\n+ h()\n",
        );
        let made = made.unwrap();
        assert!(
            made.starts_with("g(); f(); (if ") && made.ends_with(" { g() }); g();"),
            "{made}"
        );
    }
}

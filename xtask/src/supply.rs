//! Checks of the dependencies.

use std::process::Stdio;

use serde_json::Value;

use crate::{cargo, cargo_command};

/// Fails when a dependency needs a newer Rust than the workspace states.
pub(crate) fn check_rust_versions() -> Result<(), String> {
    println!("cargo metadata: no package needs a newer Rust than ours");
    let output = cargo_command()
        .args(["metadata", "--format-version", "1", "--locked"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", output.status));
    }
    let metadata = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let newer = too_new(&metadata).ok_or("cargo metadata has an unknown form")?;
    if newer.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "these need a newer Rust than the workspace states: {}",
            newer.join(", ")
        ))
    }
}

/// The dependencies that state a newer Rust than the oldest one that our packages state.
fn too_new(metadata: &Value) -> Option<Vec<String>> {
    let members = metadata.get("workspace_members")?.as_array()?;
    let packages = metadata.get("packages")?.as_array()?;
    let is_ours = |package: &Value| package.get("id").is_some_and(|id| members.contains(id));
    let own = (packages.iter().filter(|package| is_ours(package)))
        .filter_map(rust_version)
        .min()?;
    let newer = packages.iter().filter(|package| !is_ours(package));
    Some(
        newer
            .filter(|package| rust_version(package).is_some_and(|version| version > own))
            .map(|package| {
                let text = |field| package.get(field).and_then(Value::as_str).unwrap_or("?");
                format!(
                    "{} {} ({})",
                    text("name"),
                    text("version"),
                    text("rust_version")
                )
            })
            .collect(),
    )
}

/// The Rust version that a package states. `1.89` means `1.89.0`.
fn rust_version(package: &Value) -> Option<[u32; 3]> {
    let text = package.get("rust_version")?.as_str()?;
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    let mut next = || numbers.next().unwrap_or(Some(0));
    Some([next()?, next()?, next()?])
}

/// Checks licences, duplicates and sources, if cargo-deny is installed. Advisories are not checked,
/// because they have to be downloaded.
pub(crate) fn deny() -> Result<(), String> {
    let is_there = cargo_command()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if is_there {
        cargo("deny --offline check licenses bans sources", &[])
    } else {
        println!("cargo deny is not installed: licences and sources are not checked");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dependency_that_needs_a_newer_rust_is_named() {
        let with = |version: Value| {
            json!({"workspace_members": ["a"], "packages": [
                {"id": "a", "name": "ours", "version": "0.1.0", "rust_version": "1.89"},
                {"id": "b", "name": "other", "version": "2.0.0", "rust_version": version},
            ]})
        };
        for fits in [
            json!(null),
            json!("1.89"),
            json!("1.89.0"),
            json!("1.9"),
            json!("1"),
        ] {
            assert_eq!(too_new(&with(fits)), Some(vec![]));
        }
        for newer in ["1.90", "1.89.1", "2.0"] {
            let named = vec![format!("other 2.0.0 ({newer})")];
            assert_eq!(too_new(&with(json!(newer))), Some(named));
        }
        assert_eq!(too_new(&json!({})), None);
    }
}

//! `minimal-versions`: whether the least versions that manifests allow are enough.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use toml_edit::{Array, DocumentMut};

use super::{
    cargo::{Run, target},
    git::Git,
    members::Members,
    progress::{count, step},
    scratch::{Scratch, edit, without_tests},
};
use crate::workspace::Workspace;

/// Only nightly's cargo can choose least versions. The compiler stays the one that started us.
const CHOOSE: [&str; 6] = [
    "run",
    "nightly",
    "cargo",
    "update",
    "-Z",
    "direct-minimal-versions",
];

/// Works on a copy with published crates only: what tests need would raise the versions that users get.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let members = Members::of(workspace)?;
    let scratch = Scratch::new(&workspace.root, "minimal")?;
    let copy = scratch.folder();
    Git::at(&workspace.root)?.export_checkout(copy)?;
    let folders: Vec<String> = members
        .iter()
        .map(|member| member.package.folder.to_string_lossy().into_owned())
        .collect();
    edit(&copy.join("Cargo.toml"), |manifest| {
        only(manifest, &folders);
    })?;
    for folder in &folders {
        edit(&copy.join(folder).join("Cargo.toml"), without_tests)?;
    }
    step("choose the least versions", || choose(copy))?;
    step(
        format!("compile {} with them", count(folders.len(), "crate")),
        || {
            let check = "check --workspace --all-features --locked --keep-going";
            Run::new(copy, check)
                .target(target(&workspace.root))
                .run(|_| {})
        },
    )
    .context(
        "raise in Cargo.toml what is too low; `cargo tree` in the copy shows what was taken",
    )?;
    println!("minimal-versions: ok");
    Ok(())
}

fn only(manifest: &mut DocumentMut, folders: &[String]) {
    if let Some(workspace) = manifest
        .get_mut("workspace")
        .and_then(|item| item.as_table_like_mut())
    {
        workspace.insert("members", toml_edit::value(Array::from_iter(folders)));
    }
}

fn choose(copy: &Path) -> Result<()> {
    let output = Command::new("rustup")
        .args(CHOOSE)
        .current_dir(copy)
        .output()
        .context("cannot start rustup; is it on the PATH?")?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    ensure!(
        !said.contains("is not installed"),
        "only nightly's cargo can do that; `rustup toolchain install nightly --profile minimal`"
    );
    ensure!(
        output.status.success(),
        "no versions fit together; raise in Cargo.toml what cargo names\n{said}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_published_members_only() {
        let mut manifest: DocumentMut =
            "[workspace]\nresolver = \"3\"\nmembers = [\"xtask\", \"crates/*\"]\n"
                .parse()
                .unwrap();
        only(&mut manifest, &["crates/core".to_owned()]);
        assert_eq!(
            manifest.to_string(),
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/core\"]\n"
        );
    }
}

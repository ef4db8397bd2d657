//! `msrv`: each published crate with the Rust version that its manifest names.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::{
    finding::{Finding, report},
    release::{Member, Published, step},
    workspace::Workspace,
};

pub(crate) fn run(workspace: &Workspace, list: bool) -> Result<ExitCode> {
    let members = Published::of(workspace)?;
    let mut versions = Vec::new();
    for member in members.iter() {
        versions.push((version(workspace, member)?, member));
    }
    if list {
        println!("{}", distinct(&versions).join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    for version in distinct(&versions) {
        ensure!(
            is_installed(version),
            "Rust {version} is not installed, so nothing was checked; `rustup toolchain install {version} --profile minimal`"
        );
    }
    let mut findings = Vec::new();
    for (version, member) in versions {
        findings.extend(check(workspace, member, version));
    }
    Ok(report("msrv", &findings))
}

fn distinct<'a>(versions: &[(&'a str, &Member<'_>)]) -> Vec<&'a str> {
    let mut numbers: Vec<&str> = versions.iter().map(|(version, _)| *version).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn is_installed(version: &str) -> bool {
    let output = Command::new("rustup")
        .args(["run", version, "rustc", "--version"])
        .output();
    output.is_ok_and(|output| output.status.success())
}

/// The crate's own, or what it inherits from the root.
fn version<'a>(workspace: &'a Workspace, member: &Member<'a>) -> Result<&'a str> {
    let own = member.package.manifest.text(&["package", "rust-version"]);
    own.or_else(|| {
        workspace
            .manifest
            .text(&["workspace", "package", "rust-version"])
    })
    .with_context(|| {
        format!(
            "{} has no `rust-version`; `cargo xtask tidy` says what to write",
            member.name()
        )
    })
}

fn check(workspace: &Workspace, member: &Member<'_>, version: &str) -> Option<Finding> {
    let error = step(format!("{} with Rust {version}", member.name()), || {
        // `cargo +1.88` is rustup's; the cargo that started us is a toolchain's own and does not know it.
        let output = Command::new("rustup")
            .args([
                "run",
                version,
                "cargo",
                "check",
                "--locked",
                "--all-features",
                "--quiet",
            ])
            .args(["-p", member.name()])
            .current_dir(&workspace.root)
            .env_remove("RUSTC")
            .env_remove("CARGO")
            .output()
            .context("cannot start rustup; is it on the PATH?")?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        ensure!(
            output.status.success(),
            "it does not compile; mend it or raise `rust-version`\n{said}"
        );
        Ok(())
    })
    .err()?;
    let what = format!("with Rust {version}: {error:#}");
    Some(
        member
            .package
            .manifest
            .finding(&["package", "rust-version"], what),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn a_crate_may_ask_for_more_than_the_others() {
        let tree = Tree::in_order();
        tree.append("Cargo.toml", "[workspace.package]\nrust-version = '1.88'\n");
        tree.replace(
            "crates/core/Cargo.toml",
            "rust-version.workspace = true",
            "rust-version = '1.94'",
        );
        let workspace = tree.workspace();
        let members = Published::of(&workspace).unwrap();
        let of = |name: &str| version(&workspace, members.named(name).unwrap()).unwrap();
        assert_eq!(
            (of("trunkline-core"), of("trunkline-groq")),
            ("1.94", "1.88")
        );
    }

    #[test]
    fn a_toolchain_that_is_not_there_is_no_success() {
        let tree = Tree::in_order();
        tree.append(
            "Cargo.toml",
            "[workspace.package]\nrust-version = '1.2.3'\n",
        );
        let error = run(&tree.workspace(), false).unwrap_err().to_string();
        assert!(error.contains("rustup toolchain install 1.2.3"), "{error}");
    }
}

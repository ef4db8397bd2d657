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
        let mut numbers: Vec<&str> = versions.iter().map(|(version, _)| *version).collect();
        numbers.sort_unstable();
        numbers.dedup();
        println!("{}", numbers.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut findings = Vec::new();
    for (version, member) in versions {
        findings.extend(check(workspace, member, version));
    }
    Ok(report("msrv", &findings))
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
        let missing = said.contains("is not installed");
        ensure!(
            !missing,
            "it is not installed; `rustup toolchain install {version} --profile minimal`"
        );
        ensure!(
            output.status.success(),
            "it does not compile; mend it or raise `rust-version`\n{said}"
        );
        Ok(())
    })
    .err()?;
    let what = format!("not checked with Rust {version}: {error:#}");
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
    use crate::trees::{Tree, only};

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
        let workspace = Tree::in_order().workspace();
        let members = Published::of(&workspace).unwrap();
        let core = members.named("trunkline-core").unwrap();
        let finding = only(check(&workspace, core, "1.2.3").into_iter().collect());
        assert!(
            finding.what.starts_with("not checked with Rust 1.2.3: "),
            "{finding}"
        );
    }
}

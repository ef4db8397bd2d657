//! `templates`: every template with every choice of operations becomes a crate and has to pass all
//! that a crate has to pass. What keeps the scaffolder true.
//!
//! It happens in the checkout itself: a copy would have to compile everything anew, and cargo takes
//! the artifacts of two copies for the same. In the end all is as it was.

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::new_backend::{Scaffolded, Wanted};

/// One scaffold: what `new-backend` is told.
struct Scaffold {
    name: &'static str,
    arguments: &'static [&'static str],
}

const fn scaffold(name: &'static str, arguments: &'static [&'static str]) -> Scaffold {
    Scaffold { name, arguments }
}

const COMPAT: &str = "--protocol=openai-compat";
const NATIVE: &str = "--protocol=native";
/// Texts that would be code if they were not only ever values.
const EVIL: &str = "--description=*/ \" ' ` #![deny(warnings)] \\ ${x} {{y}} ]] </p>";

const SCAFFOLDS: [Scaffold; 9] = [
    scaffold("acme", &[COMPAT]),
    scaffold("zenith", &[NATIVE]),
    scaffold("zz-chat", &[COMPAT, "--ops=chat"]),
    scaffold("zz-all", &[COMPAT, "--ops=chat,embed,models", EVIL]),
    scaffold("zz-embed", &[COMPAT, "--ops=embed"]),
    scaffold(
        "zz-token",
        &[
            COMPAT,
            "--key-env=ZZ_TOKEN",
            "--model=zz/large:1",
            "--title=Z & Z",
        ],
    ),
    scaffold("zz-native-chat", &[NATIVE, "--ops=chat"]),
    scaffold("zz-native-all", &[NATIVE, "--ops=chat,embed,models", EVIL]),
    scaffold("zz-native-embed", &[NATIVE, "--ops=embed,models"]),
];

/// Those that are packaged too: one of each template.
const PACKAGED: [&str; 2] = ["trunkline-acme", "trunkline-zenith"];

pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    let mut scaffolded = Scaffolded::default();
    let checked = scaffold_all(root, &mut scaffolded).and_then(|()| check_all(root));
    scaffolded.undo();
    checked?;
    println!(
        "\ntemplates: {} scaffolds pass, and are gone again",
        SCAFFOLDS.len()
    );
    Ok(ExitCode::SUCCESS)
}

fn scaffold_all(root: &Path, scaffolded: &mut Scaffolded) -> Result<()> {
    for (number, Scaffold { name, arguments }) in SCAFFOLDS.iter().enumerate() {
        let url = format!("--base-url=https://api.{name}.example/some/v1");
        let mut line = vec!["new-backend", name, &url];
        line.extend(*arguments);
        println!("== cargo xtask {}", line.join(" "));
        // Only the first one meets a checkout that may have changes of somebody's own.
        scaffolded.add(root, &Wanted::parse(&line)?, number == 0)?;
    }
    Ok(())
}

fn check_all(root: &Path) -> Result<()> {
    let packages: Vec<String> = SCAFFOLDS
        .iter()
        .map(|of| format!("--package=trunkline-{}", of.name))
        .collect();
    let cargo = |before: &[&str], after: &[&str]| {
        let packages = packages.iter().map(String::as_str);
        let line: Vec<&str> = before
            .iter()
            .copied()
            .chain(packages)
            .chain(after.iter().copied())
            .collect();
        step(root, Command::new(crate::check::cargo()), "cargo", &line)
    };
    cargo(&["fmt"], &[])?;
    cargo(
        &["clippy", "--all-targets", "--quiet"],
        &["--", "-D", "warnings"],
    )?;
    cargo(&["test", "--quiet", "--no-fail-fast"], &[])?;
    cargo(&["doc", "--no-deps", "--quiet"], &[])?;
    let xtask = |line: &[&str]| {
        let program = env::current_exe().context("cannot find this program")?;
        step(root, Command::new(program), "cargo xtask", line)
    };
    xtask(&["tidy"])?;
    xtask(&["release", "check", PACKAGED[0], PACKAGED[1]])
}

fn step(root: &Path, mut command: Command, program: &str, line: &[&str]) -> Result<()> {
    println!("\n== {program} {}", line.join(" "));
    let started = Instant::now();
    let status = command
        .args(line)
        .current_dir(root)
        .env("CARGO_MANIFEST_DIR", root.join("xtask"))
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!(
            "`{program} {}` failed; the scaffolds are gone again",
            line.join(" ")
        );
    }
    println!("== passed, {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_template_comes_with_every_choice_of_operations() {
        for protocol in [COMPAT, NATIVE] {
            let of = |ops: &str| {
                SCAFFOLDS.iter().any(|of| {
                    of.arguments.contains(&protocol)
                        && of
                            .arguments
                            .iter()
                            .any(|argument| argument.starts_with(ops))
                })
            };
            assert!(
                of("--ops=chat") && of("--ops=chat,embed,models") && of("--ops=embed"),
                "{protocol}"
            );
        }
    }
}

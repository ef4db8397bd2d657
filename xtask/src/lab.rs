//! Tasks that need every provider run in the crate trunkline-lab, so that xtask compiles without any.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};

const LAB: &str = "crates/lab/Cargo.toml";
/// Names a lab that is built already, for all but what is measured. CI's tests have built one, and a
/// release build would take longer there than it saves.
const BUILT: &str = "TRUNKLINE_LAB";

/// Runs a task of the lab, with our streams and arguments, and answers with its exit status.
pub(crate) fn start(root: &Path, task: &str, arguments: &[OsString]) -> Result<ExitCode> {
    ensure!(
        root.join(LAB).is_file(),
        "`{task}` runs in the crate trunkline-lab, and there is no {LAB}; take a checkout that has it",
    );
    let built = std::env::var_os(BUILT).filter(|_| task != "bench");
    let mut command = match &built {
        Some(program) => by_itself(root, program),
        None => by_cargo(root, task),
    };
    let status = command
        .arg(task)
        .args(arguments)
        .status()
        .context(match built {
            Some(_) => "cannot start the program that TRUNKLINE_LAB names",
            None => "cannot start cargo; is it on the PATH?",
        })?;
    Ok(exit_code(status.code()))
}

/// Where it lies is told by cargo, which told us where we do.
fn by_itself(root: &Path, program: &OsStr) -> Command {
    let mut lab = Command::new(program);
    lab.env("CARGO_MANIFEST_DIR", root.join("crates/lab"));
    lab
}

fn by_cargo(root: &Path, task: &str) -> Command {
    // Cargo's own words would bury the table; without any, minutes of building look like a hang.
    eprintln!("{task}: building trunkline-lab, which takes some minutes the first time");
    let mut cargo = Command::new(crate::check::cargo());
    cargo
        .args(["run", "--release", "--quiet", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .args(["--package", "trunkline-lab"])
        .args(features(task))
        .arg("--");
    cargo
}

/// What is measured shall not pay for a clock that can be paused and a heap that is counted.
fn features(task: &str) -> &'static [&'static str] {
    match task {
        "bench" => &["--no-default-features"],
        _ => &[],
    }
}

/// A process that a signal ended has no code, and has failed.
pub(crate) fn exit_code(code: Option<i32>) -> ExitCode {
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn a_checkout_without_the_lab_is_told() {
        let root = Tree::in_order().workspace().root;
        let error = start(&root, "wires", &[]).unwrap_err().to_string();
        assert!(
            error.contains("there is no crates/lab/Cargo.toml"),
            "{error}"
        );
    }

    #[test]
    fn the_exit_status_is_handed_on() {
        assert_eq!(exit_code(Some(3)), ExitCode::from(3));
        assert_eq!(exit_code(Some(0)), ExitCode::SUCCESS);
        assert_eq!(exit_code(None), ExitCode::FAILURE);
    }
}

//! `check`: the steps of CI, run here.

use std::{env, ffi::OsString, path::Path, process::ExitCode, time::Instant};

use anyhow::{Context, Result};
use xshell::Shell;

/// The recorded traffic lies beside the checkout; not every machine has it.
const WIRES: &str = "../shared/wires";

/// One command line, as .ci/run has it too.
struct Step {
    command: &'static str,
    quick: bool,
}

impl Step {
    /// The variables before `cargo`, and the arguments after it.
    fn parts(&self) -> (Vec<(&str, &str)>, Vec<&str>) {
        let mut words = self.command.split_whitespace();
        let before = words.by_ref().take_while(|word| *word != "cargo");
        let variables = before.filter_map(|word| word.split_once('=')).collect();
        (variables, words.collect())
    }
}

const STEPS: [Step; 12] = [
    Step {
        command: "cargo fmt --all --check",
        quick: true,
    },
    Step {
        command: "cargo clippy --workspace --all-targets --locked -- -D warnings",
        quick: true,
    },
    Step {
        command: "cargo clippy -p trunkline-http --all-features --all-targets --locked -- -D warnings",
        quick: false,
    },
    Step {
        command: "cargo test --workspace",
        quick: false,
    },
    Step {
        command: "cargo run --example quickstart",
        quick: false,
    },
    Step {
        command: "cargo doc --workspace --no-deps --locked",
        quick: false,
    },
    Step {
        command: "cargo xtask tidy",
        quick: true,
    },
    Step {
        command: "cargo xtask graph",
        quick: true,
    },
    Step {
        command: "cargo xtask templates",
        quick: false,
    },
    Step {
        command: "cargo xtask wires ../shared/wires",
        quick: false,
    },
    Step {
        command: "cargo xtask faults",
        quick: false,
    },
    // Skipped with a line each where npm, Python or their registries are missing.
    Step {
        command: "cargo xtask servers --install aimock,litellm,moto,triton",
        quick: false,
    },
];

/// What takes too long for every push: half an hour on two cores, and as long once more the first time,
/// when the servers are built.
const DEEP: [Step; 4] = [
    Step {
        command: "TRUNKLINE_SEEDS=10000 cargo test --release -p trunkline-lab --test simulation",
        quick: false,
    },
    Step {
        command: "cargo xtask bench soak",
        quick: false,
    },
    // Installed into the user's cache once: 7 GB, most of it vLLM's torch.
    Step {
        command: "cargo xtask servers --install llama-server,vllm,mlserver,s3s --server llama-server,vllm,mlserver,s3s",
        quick: false,
    },
    // Made with what the step before has installed.
    Step {
        command: "cargo xtask servers --install minilm --server minilm,minilm-vllm",
        quick: false,
    },
];

/// How much to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Without tests, docs and recorded traffic.
    Quick,
    /// As CI does.
    Usual,
    /// And what takes long.
    Deep,
}

pub(crate) fn run(root: &Path, depth: Depth) -> Result<ExitCode> {
    let shell = Shell::new().context("cannot look at the current folder; run from the checkout")?;
    shell.change_dir(root);
    let steps = chosen(depth, root.join(WIRES).is_dir());
    Ok(run_all(&steps, |step| passes(&shell, step)))
}

fn chosen(depth: Depth, wires: bool) -> Vec<&'static Step> {
    let deep = DEEP.iter().filter(|_| depth == Depth::Deep);
    let steps = STEPS.iter().chain(deep);
    steps
        .filter(|step| step.quick || depth != Depth::Quick)
        .filter(|step| wires || !step.command.ends_with(WIRES))
        .collect()
}

fn run_all(steps: &[&Step], passes: impl Fn(&Step) -> bool) -> ExitCode {
    let mut summary = String::new();
    let mut failed = 0_usize;
    for step in steps {
        println!("\n== {}", step.command);
        let started = Instant::now();
        let mark = if passes(step) {
            "passed"
        } else {
            failed += 1;
            "FAILED"
        };
        let line = format!("{mark} {:>7.1} s", started.elapsed().as_secs_f64());
        println!("== {line}");
        summary.push_str(&format!("{line}  {}\n", step.command));
    }
    println!("\n{summary}check: {failed} of {} steps failed", steps.len());
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn passes(shell: &Shell, step: &Step) -> bool {
    let (variables, arguments) = step.parts();
    let command = shell
        .cmd(cargo())
        .args(arguments)
        .envs(variables)
        .env("RUSTDOCFLAGS", "-D warnings")
        .env("INSTA_UPDATE", "no");
    command.quiet().run().is_ok()
}

/// The cargo that started us, so that `cargo +toolchain xtask` stays on its toolchain.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn every_step_runs_and_one_failure_fails_the_whole() {
        let ran = Cell::new(0);
        let run = |failing: &str| {
            run_all(&chosen(Depth::Usual, true), |step| {
                ran.set(ran.get() + 1);
                !step.command.starts_with(failing)
            })
        };
        assert_eq!(run("cargo fmt"), ExitCode::FAILURE);
        assert_eq!(ran.get(), STEPS.len());
        assert_eq!(run("nothing"), ExitCode::SUCCESS);
    }

    #[test]
    fn quick_leaves_out_what_takes_long_and_a_machine_without_recordings_leaves_out_those() {
        let has =
            |steps: Vec<&Step>, name: &str| steps.iter().any(|step| step.command.contains(name));
        assert!(
            has(chosen(Depth::Quick, true), "clippy") && !has(chosen(Depth::Quick, true), "test")
        );
        assert!(
            has(chosen(Depth::Usual, true), "wires") && !has(chosen(Depth::Usual, false), "wires")
        );
        assert_eq!(chosen(Depth::Usual, false).len(), STEPS.len() - 1);
    }

    #[test]
    fn deep_adds_what_takes_long_with_its_variables() {
        let steps = chosen(Depth::Deep, true);
        assert_eq!(steps.len(), STEPS.len() + DEEP.len());
        let (variables, arguments) = DEEP[0].parts();
        assert_eq!(variables, [("TRUNKLINE_SEEDS", "10000")]);
        assert_eq!(arguments[..2], ["test", "--release"]);
        assert_eq!(STEPS[0].parts().1[0], "fmt");
    }

    #[test]
    fn ci_runs_the_same_steps() {
        let ci = include_str!("../../.ci/run");
        for step in STEPS {
            let found = ci.lines().any(|line| {
                line.trim()
                    .strip_prefix("step ")
                    .is_some_and(|line| line.ends_with(step.command))
            });
            assert!(found, ".ci/run lacks `{}`", step.command);
        }
        let steps = ci
            .lines()
            .filter(|line| line.trim().starts_with("step "))
            .count();
        assert_eq!(steps, STEPS.len(), ".ci/run has other steps");
    }
}

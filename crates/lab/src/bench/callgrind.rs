//! Instructions and allocations, counted by valgrind's callgrind.
//!
//! A client's process runs twice, with n and with 2n units of work: the difference is what n units
//! cost, without start-up, connecting and warming up. Allocations are the calls of `malloc` and its
//! kin in the same profile, so no allocator of ours stands between.

use std::{
    collections::HashSet,
    fs,
    net::SocketAddr,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::{
    server::Server,
    table::{Row, Target, Unit},
    work::{Who, Work},
};

const HOW: &str = "callgrind, process of the client only, (run of 2n − run of n) / n";
const HOW_CALLS: &str = "calls of malloc, calloc, realloc, memalign in the same profiles";

/// What one unit of work costs.
#[derive(Debug)]
pub(super) struct Cost {
    /// What was read: see [`Proof`](super::work::Proof).
    pub(super) proof: String,
    pub(super) instructions: f64,
    pub(super) allocations: f64,
}

pub(super) fn rows(server: &Server) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (work, name, n, instructions, allocations) in [
        (Work::Chat1k, "unary chat, 1 KB", 200, 105_000.0, Some(70.0)),
        (
            Work::Stream,
            "event of a long stream",
            4_000,
            7_000.0,
            Some(1.2),
        ),
        (Work::Paced, "event that arrives alone", 200, 14_000.0, None),
    ] {
        let row = |what: &str, target| {
            Row::new(
                format!("{name}: {what}"),
                Unit::Count,
                Target::AtMost(target),
            )
        };
        let instructions = row("instructions", instructions);
        let allocations = allocations.map(|target| row("allocations", target));
        if !is_installed() {
            let missing = "not measured: install valgrind";
            rows.push(instructions.how(missing));
            rows.extend(allocations.map(|row| row.how(missing)));
            continue;
        }
        let raw = cost(work, Who::Raw, server.http1, n)?;
        let ours = cost(work, Who::Stack, server.http1, n)?;
        ensure!(raw.proof == ours.proof, "raw and ours read different words");
        rows.push(
            instructions
                .figures(ours.instructions, raw.instructions)
                .how(HOW),
        );
        rows.extend(allocations.map(|row| {
            row.figures(ours.allocations, raw.allocations)
                .how(HOW_CALLS)
        }));
    }
    Ok(rows)
}

pub(super) fn is_installed() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What a unit of `work` costs `who`.
pub(super) fn cost(work: Work, who: Who, server: SocketAddr, n: usize) -> Result<Cost> {
    let once = Profile::take(work, who, server, n)?;
    let twice = Profile::take(work, who, server, 2 * n)?;
    let each = |once: u64, twice: u64| (twice as f64 - once as f64) / n as f64;
    Ok(Cost {
        proof: twice.proof,
        instructions: each(once.instructions, twice.instructions),
        allocations: each(once.allocations, twice.allocations),
    })
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Profile {
    proof: String,
    instructions: u64,
    allocations: u64,
}

impl Profile {
    fn take(work: Work, who: Who, server: SocketAddr, n: usize) -> Result<Self> {
        let dir = super::footprint::scratch()?;
        let file = dir.join(format!("callgrind.{}.{}.{n}", work.name(), who.name()));
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet", "--compress-strings=no"])
            .args(["--compress-pos=no", "--dump-line=no"])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(std::env::current_exe()?)
            .args(["bench", "client", work.name(), who.name()])
            .args([server.to_string(), n.to_string()])
            .output()
            .context("cannot start valgrind")?;
        ensure!(
            output.status.success(),
            "the client failed under valgrind: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut profile = Self::parse(&fs::read_to_string(file)?)?;
        profile.proof = String::from_utf8(output.stdout)?;
        Ok(profile)
    }

    /// <https://valgrind.org/docs/manual/cl-format.html>
    fn parse(profile: &str) -> Result<Self> {
        let allocators = HashSet::from([
            "malloc",
            "calloc",
            "realloc",
            "memalign",
            "aligned_alloc",
            "posix_memalign",
        ]);
        let mut read = Self::default();
        let mut callee_allocates = false;
        for line in profile.lines() {
            if let Some(callee) = line.strip_prefix("cfn=") {
                callee_allocates = allocators.contains(callee);
            } else if let Some(calls) = line.strip_prefix("calls=").filter(|_| callee_allocates) {
                let count = calls.split(' ').next().unwrap_or(calls);
                read.allocations += count.parse::<u64>()?;
            } else if let Some(total) = line
                .strip_prefix("totals: ")
                .or_else(|| line.strip_prefix("summary: "))
            {
                read.instructions = total.trim().parse()?;
            }
        }
        ensure!(read.instructions > 0, "the profile has no total");
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_are_the_calls_of_the_allocator() {
        let profile = "events: Ir\nsummary: 700\n\nfn=main\n0 5\ncfn=malloc\ncalls=3 0\n0 60\n\
                       cfn=free\ncalls=9 0\n0 7\ncfn=realloc\ncalls=2 0\n0 80\n\ntotals: 700\n";
        let expected = Profile {
            proof: String::new(),
            instructions: 700,
            allocations: 5,
        };
        assert_eq!(Profile::parse(profile).unwrap(), expected);
        assert!(Profile::parse("events: Ir\n").is_err());
    }
}

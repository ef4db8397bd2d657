//! The processes that a process has started, and those that they have. An engine ends its own when it is
//! asked to end; when it is killed they stay, with its memory and its port.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process: its number, and when it was started, so that a number that is given to another later is
/// not taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    number: i32,
    parent: i32,
    started: u64,
}

/// All that descend from a process, as it is now. Empty where there is no `/proc`.
#[derive(Debug, Default)]
pub(crate) struct Family(Vec<Process>);

impl Family {
    pub(crate) fn of(pid: Pid) -> Self {
        let all: Vec<Process> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?))
            .collect();
        let mut family: Vec<Process> = Vec::new();
        let mut elders = vec![pid.as_raw_nonzero().get()];
        while let Some(elder) = elders.pop() {
            for child in all.iter().filter(|process| process.parent == elder) {
                elders.push(child.number);
                family.push(*child);
            }
        }
        Self(family)
    }

    /// Kills those that are still there.
    pub(crate) fn kill(&self) {
        for process in &self.0 {
            let is_there = read(process.number).is_some_and(|now| now.started == process.started);
            if let Some(pid) = Pid::from_raw(process.number).filter(|_| is_there) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// What the kernel says of it.
fn read(number: i32) -> Option<Process> {
    parse(
        number,
        &fs::read_to_string(format!("/proc/{number}/stat")).ok()?,
    )
}

/// `12 (a name) S 1 …`: a name may hold anything, also spaces and brackets.
fn parse(number: i32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Process {
        number,
        parent,
        started,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_is_read_over() {
        let stat = "7 (a) b (c) S 3 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        let wanted = Process {
            number: 7,
            parent: 3,
            started: 4711,
        };
        assert_eq!(parse(7, stat), Some(wanted));
        assert_eq!(parse(7, "7 (a"), None);
    }
}

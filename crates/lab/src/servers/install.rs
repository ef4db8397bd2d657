//! Installs what a package registry has, in the version that the exceptions were written for.

use std::{
    fmt,
    fs::{self, File},
    io,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{home::Home, known::Server, recipe::Steps};

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Installed {
    Already(String),
    Now(String),
    /// It could not have worked here.
    Impossible(String),
    /// It should have worked.
    Failed(String),
}

impl Installed {
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Already(version) => write!(f, "{version} is installed already"),
            Self::Now(version) => write!(f, "{version} installed"),
            Self::Impossible(why) => write!(f, "not installed: {why}"),
            Self::Failed(why) => write!(f, "INSTALLATION FAILED: {why}"),
        }
    }
}

/// Installs servers, and then those that need one of them. What came of each.
pub(crate) fn all(servers: &[Server], home: &Home) -> Result<Vec<(&'static str, Installed)>> {
    let names: Vec<_> = servers.iter().map(|server| server.name).collect();
    let is_first = |server: &&Server| !server.recipe.is_after(&names);
    let (first, then): (Vec<_>, Vec<_>) = servers.iter().partition(is_first);
    let mut ended = at_once(&first, home)?;
    ended.extend(at_once(&then, home)?);
    Ok(ended)
}

/// All at once, since most of it is waiting for a registry.
fn at_once(servers: &[&Server], home: &Home) -> Result<Vec<(&'static str, Installed)>> {
    thread::scope(|scope| {
        let tasks = servers.iter().map(|server| {
            let task = scope.spawn(|| install(server, home));
            (server.name, task)
        });
        let tasks: Vec<_> = tasks.collect();
        let ended = tasks.into_iter().map(|(name, task)| match task.join() {
            Ok(installed) => Ok((name, installed?)),
            Err(_) => bail!("the installation of {name} panicked"),
        });
        ended.collect()
    })
}

/// Installs a server, unless it was installed in the version wanted before.
fn install(server: &Server, home: &Home) -> Result<Installed> {
    let folder = home.folder(server.name);
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    match server.recipe.steps(server.name, &folder)? {
        Ok(steps) => once(&folder, steps),
        Err(why) => Ok(Installed::Impossible(why)),
    }
}

/// Runs the commands, unless they have run to their end before for this version. Where they fail and
/// the question to the registry does as well, nobody is to blame.
fn once(folder: &Path, steps: Steps) -> Result<Installed> {
    let Steps {
        version,
        commands,
        mut ask,
        patience,
    } = steps;
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|of| of == version) {
        return Ok(Installed::Already(version.to_owned()));
    }
    let log = folder.join("install.log");
    let ran = commands
        .into_iter()
        .try_for_each(|mut command| run(&mut command, &log, patience));
    let Err(why) = ran else {
        fs::write(&done, version).with_context(|| format!("cannot write {}", done.display()))?;
        return Ok(Installed::Now(version.to_owned()));
    };
    Ok(match run(&mut ask, &folder.join("asked.log"), PATIENCE) {
        Ok(()) => Installed::Failed(format!("{why}; see {}", log.display())),
        Err(_) => Installed::Impossible(format!("no registry has it for this machine: {why}")),
    })
}

/// How long a registry may take to say whether it has something.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a command to its end, and says in a line why it failed. What it prints goes to `log`.
fn run(command: &mut Command, log: &Path, patience: Duration) -> Result<(), String> {
    let told = |error: io::Error| format!("cannot start it: {error}");
    let out = File::create(log).map_err(told)?;
    command.stdin(Stdio::null());
    command.stdout(out.try_clone().map_err(told)?).stderr(out);
    let mut child = command.spawn().map_err(told)?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(told)? {
            break status;
        }
        if started.elapsed() > patience {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("no end within {patience:?}"));
        }
        thread::sleep(Duration::from_millis(50));
    };
    if status.success() {
        return Ok(());
    }
    let printed = fs::read(log).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    // pip says last what was wrong, npm first.
    let mut lines = printed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let of_pip = |line: &&str| line.starts_with("ERROR: ");
    let line = lines.clone().rfind(of_pip).or_else(|| lines.next());
    Err(line.unwrap_or("it said nothing").to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::servers::{known, recipe::Recipe};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn folder() -> PathBuf {
        let name = format!("trunkline-install-{:08x}", fastrand::u32(..));
        std::env::temp_dir().join(name)
    }

    fn steps(version: &'static str, script: &str, registry: &str) -> Steps {
        Steps {
            version,
            commands: vec![shell("true"), shell(script)],
            ask: shell(registry),
            patience: PATIENCE,
        }
    }

    fn of(folder: &Path, script: &str, registry: &str) -> Installed {
        once(folder, steps("1.0", script, registry)).unwrap()
    }

    #[test]
    fn what_needs_another_that_is_wanted_waits_for_it() {
        let minilm = known::find("minilm").unwrap().recipe;
        assert!(minilm.is_after(&["minilm", "llama-server"]));
        assert!(minilm.is_after(&["vllm", "minilm"]));
        assert!(!minilm.is_after(&["minilm", "moto"]));
        let all = known::all();
        let needed = all.iter().filter_map(|server| match server.recipe {
            Recipe::Script { after, .. } => Some(after),
            _ => None,
        });
        // There are two turns, no more.
        for name in needed.flatten() {
            let names: Vec<_> = all.iter().map(|server| server.name).collect();
            assert!(
                !known::find(name).unwrap().recipe.is_after(&names),
                "{name}"
            );
        }
    }

    #[test]
    fn a_failure_counts_only_where_it_could_have_worked() {
        let folder = folder();
        fs::create_dir(&folder).unwrap();
        let fails = "echo; echo E1 >&2; exit 2";
        assert!(of(&folder, fails, "exit 0").is_failure());
        let nobodys = of(&folder, fails, "exit 1");
        assert!(
            !nobodys.is_failure() && nobodys.to_string().contains("E1"),
            "{nobodys}"
        );
        // What failed is tried again, what worked is not.
        assert_eq!(
            of(&folder, "true", "exit 1"),
            Installed::Now("1.0".to_owned())
        );
        assert_eq!(
            of(&folder, fails, "exit 0"),
            Installed::Already("1.0".to_owned())
        );
        let other = once(&folder, steps("1.1", "true", "true")).unwrap();
        assert_eq!(other, Installed::Now("1.1".to_owned()));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_reason_is_a_line_of_what_was_printed() {
        let folder = folder();
        fs::create_dir(&folder).unwrap();
        let run = |script: &str| super::run(&mut shell(script), &folder.join("log"), PATIENCE);
        assert_eq!(
            run("echo npm error; echo more; exit 2"),
            Err("npm error".to_owned())
        );
        assert_eq!(
            run("echo a; echo ERROR: b; exit 1"),
            Err("ERROR: b".to_owned())
        );
        assert_eq!(run("exit 2"), Err("it said nothing".to_owned()));
        assert_eq!(run("true"), Ok(()));
        let log = folder.join("log");
        assert!(super::run(&mut Command::new("/no/such/program"), &log, PATIENCE).is_err());
        let hangs = super::run(
            &mut shell("exec sleep 600"),
            &log,
            Duration::from_millis(100),
        );
        assert_eq!(hangs, Err("no end within 100ms".to_owned()));
        fs::remove_dir_all(folder).unwrap();
    }
}

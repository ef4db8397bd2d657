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

use anyhow::{Context, Result};

use super::{
    home::{Home, on_path},
    known::Server,
};

/// How a server comes onto a machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recipe {
    /// From npm, into the server's folder.
    Npm {
        package: &'static str,
        version: &'static str,
    },
    /// From PyPI, into an environment in the server's folder.
    Pip {
        package: &'static str,
        extra: &'static str,
        version: &'static str,
    },
    /// By hand: what has to be in the server's folder.
    ByHand(&'static str),
}

impl Recipe {
    /// What to do to have it.
    pub(crate) fn how(&self, server: &str, folder: &Path) -> String {
        match self {
            Self::Npm { .. } | Self::Pip { .. } => {
                format!("cargo xtask servers --install {server}")
            }
            Self::ByHand(what) => format!("{} shall have {what}", folder.display()),
        }
    }
}

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

/// Installs a server, unless it was installed in the version wanted before.
pub(crate) fn install(server: &Server, home: &Home) -> Result<Installed> {
    let folder = home.folder(server.name);
    match server.recipe {
        Recipe::ByHand(_) => Ok(Installed::Impossible(format!(
            "it is installed by hand; {}",
            server.recipe.how(server.name, &folder)
        ))),
        Recipe::Npm { package, version } => {
            let Some(npm) = on_path("npm").filter(|_| on_path("node").is_some()) else {
                let why = "no npm and node on the PATH";
                return Ok(Installed::Impossible(why.to_owned()));
            };
            let wanted = format!("{package}@{version}");
            let bounded = ["--fetch-timeout=60000", "--fetch-retries=1"];
            let mut install = Command::new(&npm);
            install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
            install
                .args(bounded)
                .arg("--prefix")
                .arg(&folder)
                .arg(&wanted);
            let mut ask = Command::new(&npm);
            ask.arg("view").args(bounded).args([&wanted, "version"]);
            once(&folder, version, vec![install], ask)
        }
        Recipe::Pip {
            package,
            extra,
            version,
        } => {
            let Some(python) = on_path("python3") else {
                return Ok(Installed::Impossible("no python3 on the PATH".to_owned()));
            };
            let venv = folder.join("venv");
            let bounded = [
                "--quiet",
                "--disable-pip-version-check",
                "--timeout=30",
                "--retries=2",
            ];
            let mut make = Command::new(python);
            make.args(["-m", "venv"]).arg(&venv);
            let pip = venv.join("bin/pip");
            let mut install = Command::new(&pip);
            install.arg("install").args(bounded);
            install.arg(format!("{package}{extra}=={version}"));
            // Fails as well where Debian's python3 has no venv, where no registry answers, and where
            // this Python is too old for that version.
            let mut ask = Command::new(&pip);
            ask.arg("download")
                .args(bounded)
                .args(["--no-deps", "--dest"]);
            ask.arg(folder.join("asked"))
                .arg(format!("{package}=={version}"));
            once(&folder, version, vec![make, install], ask)
        }
    }
}

/// Runs the commands, unless they have run to their end before for this version. Where they fail and
/// the question to the registry does as well, nobody is to blame.
fn once(
    folder: &Path,
    version: &str,
    commands: Vec<Command>,
    mut ask: Command,
) -> Result<Installed> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|of| of == version) {
        return Ok(Installed::Already(version.to_owned()));
    }
    let log = folder.join("install.log");
    let ran = commands
        .into_iter()
        .try_for_each(|mut command| run(&mut command, &log, PATIENCE));
    let Err(why) = ran else {
        fs::write(&done, version).with_context(|| format!("cannot write {}", done.display()))?;
        return Ok(Installed::Now(version.to_owned()));
    };
    Ok(match run(&mut ask, &folder.join("asked.log"), PATIENCE) {
        Ok(()) => Installed::Failed(format!("{why}; see {}", log.display())),
        Err(_) => Installed::Impossible(format!("no registry has it for this machine: {why}")),
    })
}

/// How long one command may take.
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

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn folder() -> PathBuf {
        let name = format!("trunkline-install-{:08x}", fastrand::u32(..));
        std::env::temp_dir().join(name)
    }

    fn of(folder: &Path, script: &str, registry: &str) -> Installed {
        once(
            folder,
            "1.0",
            vec![shell("true"), shell(script)],
            shell(registry),
        )
        .unwrap()
    }

    #[test]
    fn a_failure_counts_only_where_it_could_have_worked() {
        let folder = folder();
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
        let other = once(&folder, "1.1", vec![shell("true")], shell("true")).unwrap();
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

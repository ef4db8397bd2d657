//! Installs what a package registry has, in the version that the exceptions were written for.

use std::{
    fmt, fs,
    path::Path,
    process::{Command, Stdio},
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

/// Installs a server, unless it is there in the version wanted.
pub(crate) fn install(server: &Server, home: &Home) -> Result<Installed> {
    let folder = home.folder(server.name);
    match server.recipe {
        Recipe::ByHand(_) => Ok(Installed::Impossible(format!(
            "it is installed by hand; {}",
            server.recipe.how(server.name, &folder)
        ))),
        Recipe::Npm { package, version } => {
            let has = || home.npm_version(server.name, package);
            if has().as_deref() == Some(version) {
                return Ok(Installed::Already(version.to_owned()));
            }
            let Some(npm) = on_path("npm").filter(|_| on_path("node").is_some()) else {
                return Ok(Installed::Impossible(
                    "no npm and node on the PATH".to_owned(),
                ));
            };
            make(&folder)?;
            let wanted = format!("{package}@{version}");
            let mut command = Command::new(&npm);
            command.args([
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--prefix",
            ]);
            command.arg(&folder).arg(&wanted);
            let mut ask = Command::new(&npm);
            ask.args(["view", &wanted, "version"]);
            Ok(outcome(version, run(&mut command), has, &mut ask))
        }
        Recipe::Pip {
            package,
            extra,
            version,
        } => {
            let has = || home.python_version(server.name, package);
            if has().as_deref() == Some(version) {
                return Ok(Installed::Already(version.to_owned()));
            }
            let Some(python) = on_path("python3") else {
                return Ok(Installed::Impossible("no python3 on the PATH".to_owned()));
            };
            make(&folder)?;
            let venv = folder.join("venv");
            let mut command = Command::new(python);
            if let Err(why) = run(command.args(["-m", "venv"]).arg(&venv)) {
                // Debian has it in a package of its own.
                return Ok(Installed::Impossible(format!(
                    "python3 makes no environment: {why}"
                )));
            }
            let pip = venv.join("bin/pip");
            let mut command = Command::new(&pip);
            command.args(["install", "--quiet", "--disable-pip-version-check"]);
            command.arg(format!("{package}{extra}=={version}"));
            let mut ask = Command::new(&pip);
            ask.args(["download", "--quiet", "--no-deps", "--dest"]);
            ask.arg(folder.join("asked"))
                .arg(format!("{package}=={version}"));
            Ok(outcome(version, run(&mut command), has, &mut ask))
        }
    }
}

/// A failure is nobody's where the registry does not answer either.
fn outcome(
    version: &str,
    ran: Result<(), String>,
    has: impl Fn() -> Option<String>,
    ask: &mut Command,
) -> Installed {
    let why = match ran {
        Ok(()) if has().as_deref() == Some(version) => return Installed::Now(version.to_owned()),
        Ok(()) => return Installed::Failed(format!("what is there now is {:?}", has())),
        Err(why) => why,
    };
    match run(ask) {
        Ok(()) => Installed::Failed(why),
        Err(_) => Installed::Impossible(format!("the registry does not have it here: {why}")),
    }
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Runs a command to its end, and says in a line why it failed.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot start it: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = [output.stderr, output.stdout].concat();
    let told = String::from_utf8_lossy(&told);
    let line = told.lines().map(str::trim).find(|line| !line.is_empty());
    Err(line.unwrap_or("it said nothing").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn of(ran: Result<(), String>, has: Option<&str>, registry: &str) -> Installed {
        outcome("1.0", ran, || has.map(str::to_owned), &mut shell(registry))
    }

    #[test]
    fn a_failure_counts_only_where_it_could_have_worked() {
        let failed = || Err("E1".to_owned());
        assert_eq!(
            of(Ok(()), Some("1.0"), "exit 1"),
            Installed::Now("1.0".to_owned())
        );
        assert!(of(Ok(()), Some("0.9"), "exit 0").is_failure());
        assert!(of(failed(), None, "exit 0").is_failure());
        assert!(!of(failed(), None, "exit 1").is_failure());
        assert!(of(failed(), None, "exit 1").to_string().contains("E1"));
    }

    #[test]
    fn the_reason_is_the_first_line() {
        assert_eq!(
            run(&mut shell("echo; echo no such package >&2; exit 2")),
            Err("no such package".to_owned())
        );
        assert_eq!(run(&mut shell("exit 2")), Err("it said nothing".to_owned()));
        assert_eq!(run(&mut shell("true")), Ok(()));
        assert!(run(&mut Command::new("/no/such/program")).is_err());
    }
}

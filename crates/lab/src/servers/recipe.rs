//! How a server comes onto a machine, in commands.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};

use super::home::on_path;

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
        /// Whose environment it is: the first of these for which the proof, some Python, holds.
        pythons: &'static [&'static str],
        proof: &'static str,
    },
    /// From crates.io, compiled into the server's folder.
    Cargo {
        package: &'static str,
        version: &'static str,
        features: &'static str,
    },
    /// By a script in Python, which is run in the server's folder, with other files of ours beside it.
    Script {
        script: &'static str,
        files: &'static [(&'static str, &'static str)],
        /// What PyPI must have for it to work.
        package: &'static str,
        version: &'static str,
        /// Servers that must be installed before, if they are to be installed at all.
        after: &'static [&'static str],
    },
    /// By hand: what has to be in the server's folder.
    ByHand(&'static str),
}

/// What is run, and what finds out whether the registry is to blame if that fails.
pub(crate) struct Steps {
    pub(crate) version: &'static str,
    pub(crate) commands: Vec<Command>,
    pub(crate) ask: Command,
    /// How long one of the commands may take.
    pub(crate) patience: Duration,
}

const MINUTES: Duration = Duration::from_secs(60);
/// pip's bounds, and no words but of errors.
const PIP: [&str; 5] = [
    "--quiet",
    "--disable-pip-version-check",
    "--no-cache-dir",
    "--timeout=30",
    "--retries=2",
];

impl Recipe {
    /// Whether the servers that it needs may be among those that are installed at the same time.
    pub(crate) fn is_after(&self, others: &[&str]) -> bool {
        match self {
            Self::Script { after, .. } => after.iter().any(|server| others.contains(server)),
            _ => false,
        }
    }

    /// What to do to have it.
    pub(crate) fn how(&self, server: &str, folder: &Path) -> String {
        match self {
            Self::ByHand(what) => format!("{} shall have {what}", folder.display()),
            _ => format!("cargo xtask servers --install {server}"),
        }
    }

    /// The steps into a folder that is there; or why it cannot work on this machine.
    pub(crate) fn steps(&self, server: &str, folder: &Path) -> Result<Result<Steps, String>> {
        Ok(match *self {
            Self::ByHand(_) => Err(format!(
                "it is installed by hand; {}",
                self.how(server, folder)
            )),
            Self::Npm { package, version } => npm(folder, package, version),
            Self::Pip {
                package,
                extra,
                version,
                pythons,
                proof,
            } => match pythons.iter().find_map(|python| proven(python, proof)) {
                Some(python) => Ok(pip(
                    folder,
                    python,
                    &format!("{package}{extra}"),
                    package,
                    version,
                )),
                None => Err(format!(
                    "no Python that it can use among {}",
                    pythons.join(", ")
                )),
            },
            Self::Cargo {
                package,
                version,
                features,
            } => cargo(folder, package, version, features),
            Self::Script {
                script,
                files,
                package,
                version,
                after: _,
            } => {
                for (name, text) in files.iter().chain([&("install.py", script)]) {
                    let path = folder.join(name);
                    fs::write(&path, text)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                }
                self::script(folder, package, version)
            }
        })
    }
}

fn npm(folder: &Path, package: &str, version: &'static str) -> Result<Steps, String> {
    let npm = on_path("npm").filter(|_| on_path("node").is_some());
    let npm = npm.ok_or("no npm and node on the PATH")?;
    let wanted = format!("{package}@{version}");
    let bounded = ["--fetch-timeout=60000", "--fetch-retries=1"];
    let mut install = Command::new(&npm);
    install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
    install
        .args(bounded)
        .arg("--prefix")
        .arg(folder)
        .arg(&wanted);
    let mut ask = Command::new(&npm);
    ask.arg("view").args(bounded).args([&wanted, "version"]);
    Ok(Steps {
        version,
        commands: vec![install],
        ask,
        patience: MINUTES * 10,
    })
}

/// A Python that is there, and for which the proof holds.
fn proven(python: &str, proof: &str) -> Option<Command> {
    let program = match python.contains('/') {
        true => Some(python.into()).filter(|path: &std::path::PathBuf| path.is_file()),
        false => on_path(python),
    }?;
    let mut prove = Command::new(&program);
    prove.args(["-c", proof]);
    prove.stderr(std::process::Stdio::null());
    let holds = prove.status().is_ok_and(|status| status.success());
    holds.then(|| Command::new(program))
}

fn pip(
    folder: &Path,
    mut make: Command,
    wanted: &str,
    package: &str,
    version: &'static str,
) -> Steps {
    let venv = folder.join("venv");
    make.args(["-m", "venv"]).arg(&venv);
    let pip = venv.join("bin/pip");
    let mut install = Command::new(&pip);
    install.arg("install").args(PIP);
    install.arg(format!("{wanted}=={version}"));
    // Fails as well where Debian's python3 has no venv, where no registry answers, and where this
    // Python is too old for that version.
    let mut ask = Command::new(&pip);
    ask.arg("download").args(PIP).args(["--no-deps", "--dest"]);
    ask.arg(folder.join("asked"))
        .arg(format!("{package}=={version}"));
    Steps {
        version,
        commands: vec![make, install],
        ask,
        patience: MINUTES * 10,
    }
}

fn cargo(
    folder: &Path,
    package: &str,
    version: &'static str,
    features: &str,
) -> Result<Steps, String> {
    let cargo = on_path("cargo").ok_or("no cargo on the PATH")?;
    let wanted = format!("{package}@{version}");
    let mut install = Command::new(&cargo);
    install.args(["install", "--quiet", "--root"]).arg(folder);
    install.args([&wanted, "--features", features]);
    // Not into the target folder of whoever started us, where it would stay.
    install.env("CARGO_TARGET_DIR", folder.join("target"));
    let mut tidy = Command::new("rm");
    tidy.arg("-rf").arg(folder.join("target"));
    let mut ask = Command::new(&cargo);
    ask.args(["info", "--registry", "crates-io", &wanted]);
    Ok(Steps {
        version,
        commands: vec![install, tidy],
        ask,
        patience: MINUTES * 30,
    })
}

fn script(folder: &Path, package: &str, version: &'static str) -> Result<Steps, String> {
    let python = on_path("python3").ok_or("no python3 on the PATH")?;
    let mut install = Command::new(&python);
    install.arg("install.py").current_dir(folder);
    let mut ask = Command::new(&python);
    ask.args(["-m", "pip", "download"]).args(PIP);
    ask.args([
        "--no-deps",
        "--no-build-isolation",
        "--no-binary",
        ":none:",
        "--dest",
    ]);
    ask.arg(folder.join("asked"))
        .arg(format!("{package}=={version}"));
    Ok(Steps {
        version,
        commands: vec![install],
        ask,
        patience: MINUTES * 60,
    })
}

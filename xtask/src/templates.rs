//! `templates`: every template with every choice of operations becomes a crate, in a copy of this
//! checkout, and has to pass all that a crate has to pass. What keeps the scaffolder true.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};

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
    let copy = Copy::of(root)?;
    for Scaffold { name, arguments } in &SCAFFOLDS {
        let url = format!("--base-url=https://api.{name}.example/some/v1");
        let mut all = vec!["new-backend", name, &url, "--no-test", "--allow-dirty"];
        all.extend(*arguments);
        copy.xtask(&all)?;
    }
    let packages: Vec<String> = SCAFFOLDS
        .iter()
        .map(|of| format!("--package=trunkline-{}", of.name))
        .collect();
    let with = |before: &[&str], after: &[&str]| {
        let packages = packages.iter().map(String::as_str);
        before
            .iter()
            .copied()
            .chain(packages)
            .chain(after.iter().copied())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    copy.cargo(&with(&["fmt"], &["--check"]))?;
    copy.cargo(&with(
        &["clippy", "--all-targets", "--quiet"],
        &["--", "-D", "warnings"],
    ))?;
    copy.cargo(&with(&["test", "--quiet", "--no-fail-fast"], &[]))?;
    copy.cargo(&with(&["doc", "--no-deps", "--quiet"], &[]))?;
    copy.xtask(&["tidy"])?;
    copy.xtask(&["backends", "--check"])?;
    copy.xtask(&["release", "check", PACKAGED[0], PACKAGED[1]])?;
    fs::remove_dir_all(&copy.folder).context("cannot remove the copy")?;
    println!("templates: {} scaffolds pass", SCAFFOLDS.len());
    Ok(ExitCode::SUCCESS)
}

/// A copy of the checkout as it is, changes that are not committed included.
struct Copy {
    folder: PathBuf,
    /// Shared with the checkout, so that nothing foreign is compiled twice.
    target: PathBuf,
}

impl Copy {
    fn of(root: &Path) -> Result<Self> {
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let folder = target.join("templates");
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .context("cannot start git; install it")?;
        ensure!(
            listed.status.success(),
            "git does not know this folder; run it in a clone"
        );
        for path in String::from_utf8_lossy(&listed.stdout)
            .split('\0')
            .filter(|path| !path.is_empty())
        {
            let (from, to) = (root.join(path), folder.join(path));
            // A file that was removed and not committed is still listed.
            if from.is_file() {
                let parent = to.parent().context("a file without a folder")?;
                fs::create_dir_all(parent)?;
                fs::copy(&from, &to).with_context(|| format!("cannot copy {path}"))?;
            }
        }
        let target = target
            .canonicalize()
            .context("cannot find the target folder")?;
        let folder = folder.canonicalize().context("cannot find the copy")?;
        Ok(Self { folder, target })
    }

    /// This very program, on the copy.
    fn xtask(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(env::current_exe().context("cannot find this program")?);
        command.env("CARGO_MANIFEST_DIR", self.folder.join("xtask"));
        self.run(command, "cargo xtask", arguments)
    }

    fn cargo(&self, arguments: &[String]) -> Result<()> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = Command::new(crate::check::cargo());
        command
            .env_remove("CARGO_MANIFEST_DIR")
            .env("RUSTDOCFLAGS", "-D warnings");
        self.run(command, "cargo", &arguments)
    }

    fn run(&self, mut command: Command, program: &str, arguments: &[&str]) -> Result<()> {
        println!("\n== {program} {}", arguments.join(" "));
        let started = Instant::now();
        let status = command
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .status()
            .with_context(|| format!("cannot start {program}"))?;
        if !status.success() {
            let folder = self.folder.display();
            bail!(
                "`{program} {}` failed; look at it in {folder}",
                arguments.join(" ")
            );
        }
        println!("== passed, {:.1} s", started.elapsed().as_secs_f64());
        Ok(())
    }
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

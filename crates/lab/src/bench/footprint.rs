//! What a dependency on us costs a program: packages, time to build, size.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use super::{
    server::Server,
    table::{Row, Target, Unit},
};

/// A small program with one provider, and the same with what raw stands on.
struct Program {
    name: &'static str,
    dependencies: &'static str,
    main: &'static str,
}

const OURS: Program = Program {
    name: "ours",
    dependencies: "trunkline-groq = { path = \"ROOT/crates/providers/groq\" }\n",
    main: include_str!("programs/ours.rs"),
};

const RAW: Program = Program {
    name: "raw",
    dependencies: r#"
http-body-util = "0.1.3"
hyper = { version = "1.8", default-features = false, features = ["client", "http1", "http2"] }
hyper-util = { version = "0.1.19", default-features = false, features = ["client-legacy", "http1", "http2", "tokio"] }
hyper-rustls = { version = "0.27", default-features = false, features = ["aws-lc-rs", "http1", "http2", "rustls-platform-verifier", "tls12"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
"#,
    main: include_str!("programs/raw.rs"),
};

/// Of the provider alone, as `cargo tree -e normal` counts them; raw's with TLS beside it.
pub(super) fn packages(_: &Server) -> Result<Vec<Row>> {
    let ours = tree(&root()?, &["--package", "trunkline-groq"])?;
    let raw = tree(&RAW.write()?, &[])?;
    let row = Row::new(
        "packages of one provider with TLS",
        Unit::Count,
        Target::AtMost(75.0),
    );
    let how = "`cargo tree -e normal`, unique lines: trunkline-groq alone; raw's program with TLS";
    Ok(vec![row.figures(ours as f64, raw as f64).how(how)])
}

/// A clean release build of each program.
pub(super) fn builds() -> Result<Vec<Row>> {
    let (raw, ours) = (RAW.build()?, OURS.build()?);
    let how = "one `cargo build --release` each into an empty folder, after fetching; wall clock of a machine that may be busy";
    let size = "the same programs, `strip = true`";
    Ok(vec![
        Row::new(
            "clean release build",
            Unit::Seconds,
            Target::RatioAtMost(1.35),
        )
        .figures(ours.seconds, raw.seconds)
        .how(how),
        Row::new("stripped program", Unit::Megabytes, Target::AtMost(5.0))
            .figures(ours.megabytes, raw.megabytes)
            .how(size),
    ])
}

struct Built {
    seconds: f64,
    megabytes: f64,
}

impl Program {
    /// Writes it out, with the versions that the workspace has locked.
    fn write(&self) -> Result<PathBuf> {
        let dir = scratch()?.join(self.name);
        fs::create_dir_all(dir.join("src"))?;
        let root = root()?;
        let dependencies = self
            .dependencies
            .replace("ROOT", &root.display().to_string());
        let manifest = format!(
            "[package]\nname = \"bench-{}\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [profile.release]\nstrip = true\n\n[dependencies]\n{dependencies}\
             tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n",
            self.name
        );
        fs::write(dir.join("Cargo.toml"), manifest)?;
        fs::write(dir.join("src/main.rs"), self.main)?;
        fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
        Ok(dir)
    }

    fn build(&self) -> Result<Built> {
        let dir = self.write()?;
        let target = dir.join("target");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        cargo(&dir, &["fetch"])?;
        let began = Instant::now();
        let output = Command::new(cargo_path())
            .args(["build", "--release", "--quiet", "--target-dir"])
            .arg(&target)
            .current_dir(&dir)
            .output()?;
        let seconds = began.elapsed().as_secs_f64();
        ensure!(
            output.status.success(),
            "the program does not build: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let program = target.join("release").join(format!("bench-{}", self.name));
        let megabytes = fs::metadata(program)?.len() as f64 / 1e6;
        Ok(Built { seconds, megabytes })
    }
}

fn tree(dir: &Path, more: &[&str]) -> Result<usize> {
    let arguments = [&["tree", "-e", "normal", "--prefix", "none"], more].concat();
    let printed = cargo(dir, &arguments)?;
    let packages: BTreeSet<&str> = printed
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    Ok(packages.len())
}

fn cargo(dir: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(cargo_path())
        .args(arguments)
        .current_dir(dir)
        .output()
        .context("cannot start cargo")?;
    ensure!(
        output.status.success(),
        "cargo failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn cargo_path() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

fn root() -> Result<PathBuf> {
    let lab = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = lab.ancestors().nth(2);
    Ok(root.context("the lab lies in no workspace")?.to_path_buf())
}

/// Where profiles and programs are written.
pub(super) fn scratch() -> Result<PathBuf> {
    let dir = root()?.join("target/bench");
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

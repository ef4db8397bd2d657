//! Small workspaces in temporary folders, for the tests of the checks.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use xshell::{Shell, TempDir};

use crate::{backends, finding::Finding, workspace::Workspace};

/// A workspace on disk, removed when dropped.
pub(crate) struct Tree {
    folder: TempDir,
}

const ROOT: &str = r#"[workspace]
members = ["crates/core", "crates/testkit", "crates/trunkline", "crates/providers/*", "xtask"]

[workspace.dependencies]
trunkline-core = { path = "crates/core", version = "0.1.0", default-features = false }
# backends:begin
# backends:end
"#;

const PACKAGE: &str = r#"[package]
name = "NAME"
version = "0.1.0"
description = "A crate"
license.workspace = true
readme = "README.md"
keywords = ["ai"]
categories = ["api-bindings"]
rust-version.workspace = true
include = ["src/**", "README.md", "LICENSE-*"]

[lints]
workspace = true
"#;

const GROQ: &str = r#"
[features]
default = ["hyper"]
hyper = ["trunkline-http/hyper"]

[dependencies]
trunkline-core.workspace = true

[[example]]
name = "groq"
path = "../../../examples/groq.rs"

[package.metadata.trunkline]
title = "Groq"
protocol = "openai-compat"
state = "working"
operations = ["chat", "stream"]
capabilities = ["tools"]
key-env = "GROQ_API_KEY"
guide = "README.md"
example = "groq"
"#;

const FACADE: &str = r#"
[features]
# backends:begin
# backends:end

[dependencies]
trunkline-core.workspace = true
# backends:begin
# backends:end
"#;

const LIB: &str = "#![doc = include_str!(\"../README.md\")]\n#![deny(missing_docs)]\n";

const GUIDE: &str = "# groq\n## Introduction\n## Prerequisites\n## Installation\n## Basic usage\n## Advanced usage\n\
    ## API reference\n## Best practices\n## Further resources\n";

impl Tree {
    /// A core, a testkit, one provider, the facade and xtask, as tidy wants them.
    pub(crate) fn in_order() -> Self {
        let folder = Shell::new()
            .and_then(|shell| shell.create_temp_dir())
            .unwrap();
        let tree = Self { folder };
        tree.write("Cargo.toml", ROOT);
        tree.write("README.md", "# Trunkline\n[all](docs/backends.md)\n<!-- backends:begin -->\n<!-- backends:end -->\n");
        tree.write(
            "xtask/Cargo.toml",
            "[package]\nname = 'xtask'\npublish = false\n[lints]\nworkspace = true\n",
        );
        tree.krate(
            "crates/core",
            "trunkline-core",
            "[dev-dependencies]\ntrunkline-testkit = { path = \"../testkit\" }\n",
        );
        tree.krate("crates/testkit", "trunkline-testkit", "");
        tree.krate("crates/trunkline", "trunkline", FACADE);
        tree.append(
            "crates/trunkline/src/lib.rs",
            "// backends:begin\n// backends:end\n",
        );
        tree.write(
            "crates/trunkline/src/providers.rs",
            "// backends:begin\n// backends:end\n",
        );
        tree.krate("crates/providers/groq", "trunkline-groq", GROQ);
        tree.write("crates/providers/groq/README.md", GUIDE);
        for case in ["chat", "stream", "error_auth", "error_rate_limit"] {
            tree.write(
                &format!("crates/providers/groq/fixtures/{case}/call.json"),
                "{}",
            );
        }
        tree.write(
            "CHANGELOG.md",
            "## Unreleased\n\n### trunkline-groq 0.1.0\n",
        );
        tree.write(
            "crates/providers/groq/tests/conformance.rs",
            "//! The suite.\nfn main() -> _ { conformance::run(Subject::of::<Api>(\"fixtures\")) }\n",
        );
        tree.write("examples/groq.rs", "fn main() {}\n");
        assert_eq!(backends::write(&tree.workspace()).unwrap(), []);
        tree
    }

    fn krate(&self, folder: &str, name: &str, more: &str) {
        let manifest = PACKAGE.replace("NAME", name);
        self.write(
            &format!("{folder}/Cargo.toml"),
            &format!("{manifest}{more}"),
        );
        self.write(&format!("{folder}/README.md"), "# It\n");
        self.write(&format!("{folder}/LICENSE-MIT"), "");
        self.write(&format!("{folder}/LICENSE-APACHE"), "");
        self.write(&format!("{folder}/src/lib.rs"), LIB);
    }

    pub(crate) fn workspace(&self) -> Workspace {
        Workspace::load(self.folder.path()).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        self.write(path, &format!("{}{text}", self.read(path)));
    }

    /// Replaces all that is there, and insists that something is.
    pub(crate) fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} does not contain {old:?}");
        self.write(path, &text.replace(old, new));
    }

    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() {
            fs::remove_dir(path)
        } else {
            fs::remove_file(path)
        }
        .unwrap();
    }

    /// Copies a folder in.
    pub(crate) fn copy(&self, from: &Path, to: &str) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = format!("{to}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.copy(&entry.path(), &to);
            } else {
                self.write(&to, &fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    /// Every file with its text.
    pub(crate) fn everything(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    // A folder that is left behind counts as well.
                    files.insert(path.clone(), String::new());
                    folders.push(path);
                } else {
                    let text = fs::read_to_string(&path).unwrap();
                    files.insert(path, text);
                }
            }
        }
        files
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }
}

/// The one finding that a test expects.
pub(crate) fn only(findings: Vec<Finding>) -> Finding {
    let [finding] = findings.as_slice() else {
        panic!("not one finding: {findings:#?}")
    };
    finding.clone()
}

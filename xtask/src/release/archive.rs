//! The archive that a registry would get: what is in it, and how large it is.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use super::members::Member;
use crate::finding::Finding;

/// The registry's own limit is 10 MiB; source alone has no business near it.
const MOST_BYTES: u64 = 1024 * 1024;

/// What is for those who work on the crate, and found in its repository.
const NOT_FOR_USERS: [&str; 6] = [
    "benches",
    "examples",
    "fixtures",
    "snapshots",
    "target",
    "tests",
];

/// Unpacks as files of now, not of when they were packed: cargo tells by its time whether a file is to be compiled
/// again, and all files of all archives bear one and the same.
///
/// With tar, which Linux, macOS and Windows have, so that xtask needs no crate for it.
pub(crate) fn unpack(archive: &Path, into: &Path) -> Result<()> {
    fs::create_dir_all(into).with_context(|| format!("cannot make {}", into.display()))?;
    tar(&["-xmf".as_ref(), archive, "-C".as_ref(), into]).map(|_| ())
}

fn tar(arguments: &[&Path]) -> Result<String> {
    let output = Command::new("tar")
        .args(arguments)
        .output()
        .context("cannot start tar; is it on the PATH?")?;
    let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    ensure!(output.status.success(), "tar failed: {told}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What must be in the archive and is not, or is and must not be.
pub(crate) fn check(member: &Member<'_>, archive: &Path) -> Result<Vec<Finding>> {
    let size = fs::metadata(archive).with_context(|| format!("no {}", archive.display()))?;
    let list = tar(&["-tf".as_ref(), archive])?;
    let root = format!("{}/", member.stem());
    let files: Vec<&str> = list
        .lines()
        .filter_map(|path| path.strip_prefix(&root))
        .collect();
    let mut findings = contents(member, &files);
    findings.extend(weight(member, size.len()));
    Ok(findings)
}

fn contents(member: &Member<'_>, files: &[&str]) -> Vec<Finding> {
    let manifest = &member.package.manifest;
    let at = ["package", "include"];
    let mut findings = Vec::new();
    for needed in [
        "Cargo.toml",
        "src/lib.rs",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        if !files.contains(&needed) {
            let what =
                format!("{needed} is not in the archive; add it to the folder and to `include`");
            findings.push(manifest.finding(&at, what));
        }
    }
    for file in files {
        let top = file.split('/').next().unwrap_or_default();
        if NOT_FOR_USERS.contains(&top) || file.ends_with(".snap") {
            let what = format!("{file} is in the archive and no user needs it; narrow `include`");
            findings.push(manifest.finding(&at, what));
        }
    }
    findings
}

fn weight(member: &Member<'_>, bytes: u64) -> Option<Finding> {
    (bytes > MOST_BYTES).then(|| {
        let what = format!(
            "the archive has {}, {} at most; see `cargo package --list -p {}` and narrow `include`",
            size(bytes),
            size(MOST_BYTES),
            member.name()
        );
        member
            .package
            .manifest
            .finding(&["package", "include"], what)
    })
}

pub(crate) fn size(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        release::members::Members,
        trees::{Tree, only},
    };

    const WHOLE: [&str; 6] = [
        "Cargo.toml",
        "Cargo.toml.orig",
        "src/lib.rs",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ];

    fn found(files: &[&str], bytes: u64) -> Vec<Finding> {
        let workspace = Tree::in_order().workspace();
        let members = Members::of(&workspace).unwrap();
        let core = members.named("trunkline-core").unwrap();
        let mut findings = contents(core, files);
        findings.extend(weight(core, bytes));
        findings
    }

    #[test]
    fn source_page_and_licences_are_enough() {
        assert_eq!(found(&WHOLE, 1024), []);
    }

    #[test]
    fn what_is_missing_is_named() {
        for missing in ["src/lib.rs", "README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            let files: Vec<&str> = WHOLE.into_iter().filter(|file| *file != missing).collect();
            let finding = only(found(&files, 0));
            assert!(finding.what.starts_with(missing), "{finding}");
            assert_eq!(finding.line, 10, "at `include`");
        }
    }

    #[test]
    fn tests_fixtures_and_snapshots_are_named() {
        for extra in [
            "tests/a.rs",
            "fixtures/chat/call.json",
            "src/snapshots/a.snap",
        ] {
            let files = [&WHOLE[..], &[extra]].concat();
            assert!(only(found(&files, 0)).what.starts_with(extra));
        }
        // A module of unit tests is source.
        assert_eq!(found(&[&WHOLE[..], &["src/tests/mod.rs"]].concat(), 0), []);
    }

    #[test]
    fn an_archive_may_weigh_so_much_and_no_more() {
        assert_eq!(found(&WHOLE, MOST_BYTES), []);
        let finding = only(found(&WHOLE, MOST_BYTES + 1));
        assert!(
            finding.what.contains("1025 KiB, 1024 KiB at most"),
            "{finding}"
        );
    }

    #[test]
    fn an_archive_is_read_and_unpacked() {
        let tree = Tree::in_order();
        tree.write("trunkline-core-0.1.0/src/lib.rs", "");
        tree.write("trunkline-core-0.1.0/tests/a.rs", "");
        let workspace = tree.workspace();
        let (root, archive) = (workspace.root.clone(), workspace.root.join("a.crate"));
        let folder = Path::new("trunkline-core-0.1.0");
        tar(&["-czf".as_ref(), &archive, "-C".as_ref(), &root, folder]).unwrap();
        let members = Members::of(&workspace).unwrap();
        let findings = check(members.named("trunkline-core").unwrap(), &archive).unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding.what.starts_with("tests/a.rs"))
        );
        assert!(
            findings
                .iter()
                .any(|finding| finding.what.starts_with("README.md"))
        );
        unpack(&archive, &root.join("out")).unwrap();
        let lib = root.join("out/trunkline-core-0.1.0/src/lib.rs");
        assert!(lib.is_file());
        // As cargo packs: all files are of one day in 2006.
        let packed = fs::File::options()
            .write(true)
            .open(root.join(folder).join("src/lib.rs"))
            .unwrap();
        packed.set_modified(std::time::UNIX_EPOCH).unwrap();
        let old = "out/old";
        tar(&["-czf".as_ref(), &archive, "-C".as_ref(), &root, folder]).unwrap();
        unpack(&archive, &root.join(old)).unwrap();
        let lib = root.join(old).join("trunkline-core-0.1.0/src/lib.rs");
        let age = lib.metadata().unwrap().modified().unwrap().elapsed();
        assert!(
            age.is_ok_and(|age| age.as_secs() < 3600),
            "cargo would take it for compiled"
        );
    }
}

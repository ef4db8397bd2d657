//! What a new backend writes: its own files, and those that list it.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use super::{files::Written, spec::Spec, template};
use crate::{backends, workspace::Workspace};

const CHANGELOG: &str = "CHANGELOG.md";
/// Cargo adds the crate to it.
const LOCK: &str = "Cargo.lock";

/// What will be written, by paths in the workspace.
#[derive(Debug)]
pub(super) struct Plan {
    created: Vec<(PathBuf, String)>,
    edited: Vec<(PathBuf, String)>,
    has_lock: bool,
}

impl Plan {
    pub(super) fn of(workspace: &Workspace, spec: &Spec) -> Result<Self> {
        refuse_existing(workspace, spec)?;
        let created = template::files(&workspace.root, spec)?;
        for (path, _) in &created {
            ensure!(
                !workspace.exists(path),
                "{} exists; it is not overwritten",
                path.display()
            );
        }
        let with_it = workspace.with(&created)?;
        let mut edited = backends::wanted(&with_it)?;
        edited.retain(|(path, text)| workspace.read(path).ok().flatten().as_ref() != Some(text));
        let changelog = workspace.read(CHANGELOG)?.unwrap_or_default();
        edited.push((CHANGELOG.into(), logged(&changelog, spec)?));
        let has_lock = workspace.exists(LOCK);
        Ok(Self {
            created,
            edited,
            has_lock,
        })
    }

    #[cfg(test)]
    pub(super) fn created(&self) -> &[(PathBuf, String)] {
        &self.created
    }

    /// Refuses to edit a file that has changes nobody committed: undoing would lose them.
    pub(super) fn refuse_dirty(&self, root: &Path) -> Result<()> {
        let lock = self.has_lock.then(|| Path::new(LOCK));
        let paths = self
            .edited
            .iter()
            .map(|(path, _)| path.as_path())
            .chain(lock);
        let output = Command::new("git")
            .args(["status", "--porcelain", "--"])
            .args(paths)
            .current_dir(root)
            .output()
            .context("cannot start git; install it, or add --allow-dirty")?;
        ensure!(
            output.status.success(),
            "git does not know this folder, so changes in it could be lost; add --allow-dirty if that is fine"
        );
        let dirty = String::from_utf8_lossy(&output.stdout);
        let dirty: Vec<&str> = dirty.lines().filter_map(|line| line.get(3..)).collect();
        if dirty.is_empty() {
            return Ok(());
        }
        bail!(
            "these files would be edited and have changes that are not committed: {}; commit them, or add --allow-dirty",
            dirty.join(", ")
        )
    }

    pub(super) fn write(&self, root: &Path) -> Result<Written> {
        let mut written = Written::default();
        match self.write_all(root, &mut written) {
            Ok(()) => Ok(written),
            Err(error) => {
                written.undo();
                Err(error)
            }
        }
    }

    fn write_all(&self, root: &Path, written: &mut Written) -> Result<()> {
        if self.has_lock {
            written.remember(root.join(LOCK))?;
        }
        for (path, text) in &self.created {
            written.create(&root.join(path), text)?;
        }
        for (path, text) in &self.edited {
            written.edit(&root.join(path), text)?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each case of the fixtures is some files of a known form; their names are enough.
        let (mut cases, mut folder) = (Vec::new(), None);
        for (path, text) in &self.created {
            let case = path.parent().unwrap_or(path);
            match case.parent().filter(|folder| folder.ends_with("fixtures")) {
                Some(fixtures) => {
                    folder = Some(fixtures.display());
                    cases.push(case.file_name().unwrap_or_default().to_string_lossy());
                }
                None => writeln!(
                    f,
                    "new     {} ({} lines)",
                    path.display(),
                    text.lines().count()
                )?,
            }
        }
        cases.dedup();
        if let Some(folder) = folder {
            writeln!(f, "new     {folder}: {}", cases.join(", "))?;
        }
        for (path, _) in &self.edited {
            writeln!(f, "edited  {}", path.display())?;
        }
        let (new, edited) = (self.created.len(), self.edited.len());
        write!(
            f,
            "{new} files are new, {edited} are edited, and Cargo.lock gains an entry"
        )
    }
}

fn refuse_existing(workspace: &Workspace, spec: &Spec) -> Result<()> {
    let (package, folder) = (spec.package(), spec.folder());
    if let Some(other) = workspace.package(&package) {
        bail!(
            "{package} exists, in {}; take another name",
            other.folder.display()
        );
    }
    ensure!(
        !workspace.exists(&folder),
        "{folder} exists; remove it, or take another name"
    );
    Ok(())
}

/// The changelog with a section for the crate, at the end of what is unreleased.
fn logged(changelog: &str, spec: &Spec) -> Result<String> {
    const UNRELEASED: &str = "## Unreleased\n";
    let Some(start) = changelog.find(UNRELEASED) else {
        bail!("{CHANGELOG} has no `## Unreleased`; add it");
    };
    let body = start + UNRELEASED.len();
    let rest = changelog.get(body..).unwrap_or_default();
    let end = rest
        .find("\n## ")
        .map_or(changelog.len(), |at| body + at + 1);
    let (before, after) = changelog.split_at(end);
    let operations: Vec<&str> = spec.ops.iter().map(|op| op.as_str()).collect();
    let entry = format!(
        "### {} 0.1.0\n\n- {}: {}.\n",
        spec.package(),
        spec.title,
        operations.join(", ")
    );
    let gap = if after.is_empty() { "" } else { "\n" };
    Ok(format!("{}\n\n{entry}{gap}{after}", before.trim_end()))
}

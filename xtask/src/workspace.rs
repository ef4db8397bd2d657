//! The crates of the workspace, as the folders show them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{manifest::Manifest, source::normal};

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) manifest: Manifest,
    /// Sorted by folder.
    pub(crate) packages: Vec<Package>,
    /// Files that are not written yet.
    planned: BTreeMap<PathBuf, String>,
}

#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Relative to the root.
    pub(crate) folder: PathBuf,
    pub(crate) role: Role,
    pub(crate) published: bool,
    pub(crate) manifest: Manifest,
}

/// What a crate is, told by its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Provider,
    Protocol,
    Other,
}

/// Folders whose subfolders are crates.
const SHELVES: [(&str, Role); 4] = [
    ("crates", Role::Other),
    ("crates/protocols", Role::Protocol),
    ("crates/providers", Role::Provider),
    ("xtask/templates", Role::Other),
];

impl Workspace {
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let manifest = read_manifest(root, Path::new(""))?;
        let mut packages = Vec::new();
        for (shelf, role) in SHELVES {
            for folder in folders(root, Path::new(shelf))? {
                packages.extend(Package::load(root, folder, role)?);
            }
        }
        packages.extend(Package::load(root, PathBuf::from("xtask"), Role::Other)?);
        packages.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(Self {
            root: root.to_path_buf(),
            manifest,
            packages,
            planned: BTreeMap::new(),
        })
    }

    /// The workspace as it will be when a provider's crate of these files is written.
    pub(crate) fn with(&self, files: &[(PathBuf, String)]) -> Result<Self> {
        let mut workspace = Self::load(&self.root)?;
        for (path, text) in files {
            if path.ends_with("Cargo.toml") {
                let folder = path.parent().unwrap_or(path).to_path_buf();
                let manifest = Manifest::parse(path, text.clone())?;
                let package = Package::of(folder, Role::Provider, manifest);
                workspace.packages.extend(package);
            }
            workspace.planned.insert(path.clone(), text.clone());
        }
        workspace.packages.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(workspace)
    }

    pub(crate) fn with_role(&self, role: Role) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(move |package| package.role == role)
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    pub(crate) fn exists(&self, path: impl AsRef<Path>) -> bool {
        let path = path.as_ref();
        let planned = |(file, _): (&PathBuf, &String)| file.starts_with(path);
        self.planned.iter().any(planned) || self.root.join(path).exists()
    }

    /// The text of a file, or `None` where there is no such file.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<Option<String>> {
        if let Some(text) = self.planned.get(path.as_ref()) {
            return Ok(Some(text.clone()));
        }
        let path = self.root.join(path);
        if !path.is_file() {
            return Ok(None);
        }
        fs::read_to_string(&path)
            .map(Some)
            .with_context(|| format!("cannot read {}", path.display()))
    }
}

impl Package {
    /// `None` where the folder holds no crate, or one of another workspace.
    fn load(root: &Path, folder: PathBuf, role: Role) -> Result<Option<Self>> {
        if !root.join(&folder).join("Cargo.toml").is_file() {
            return Ok(None);
        }
        let manifest = read_manifest(root, &folder)?;
        Ok(Self::of(folder, role, manifest))
    }

    /// `None` where it is the manifest of no crate, or of one of another workspace.
    fn of(folder: PathBuf, role: Role, manifest: Manifest) -> Option<Self> {
        let (Some(name), None) = (
            manifest.text(&["package", "name"]),
            manifest.get(&["workspace"]),
        ) else {
            return None;
        };
        let published = match manifest.get(&["package", "publish"]) {
            Some(publish) => {
                publish.as_bool() == Some(true)
                    || publish.as_array().is_some_and(|list| !list.is_empty())
            }
            None => true,
        };
        Some(Self {
            name: name.to_owned(),
            folder,
            role,
            published,
            manifest,
        })
    }

    /// The last part of the folder: `groq`.
    pub(crate) fn short_name(&self) -> &str {
        self.folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(&self.name)
    }

    /// The files that the crate declares as examples, relative to the root.
    pub(crate) fn examples(&self) -> Vec<String> {
        let paths = self
            .manifest
            .tables("example")
            .filter_map(|table| table.get("path")?.as_str());
        let paths = paths.filter_map(|path| normal(&self.folder.join(path)));
        paths
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    }
}

fn read_manifest(root: &Path, folder: &Path) -> Result<Manifest> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(root.join(&path)).with_context(|| {
        format!(
            "cannot read {}; start xtask with `cargo xtask`",
            root.join(&path).display()
        )
    })?;
    Manifest::parse(path, text)
}

/// The folders in a folder, sorted; none where it does not exist.
fn folders(root: &Path, parent: &Path) -> Result<Vec<PathBuf>> {
    if !root.join(parent).is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(root.join(parent))
        .with_context(|| format!("cannot list {}", parent.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", parent.display()))?;
        if entry.path().is_dir() {
            found.push(parent.join(entry.file_name()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn folders_tell_what_a_crate_is() {
        let workspace = Tree::in_order().workspace();
        let groq = workspace.package("trunkline-groq").unwrap();
        assert_eq!(
            (groq.short_name(), groq.role, groq.published),
            ("groq", Role::Provider, true)
        );
        let xtask = workspace.package("xtask").unwrap();
        assert_eq!((xtask.role, xtask.published), (Role::Other, false));
    }

    #[test]
    fn a_folder_without_a_crate_and_a_workspace_of_its_own_are_passed_over() {
        let tree = Tree::in_order();
        let before = tree.workspace().packages.len();
        tree.write(
            "crates/fuzz/Cargo.toml",
            "[package]\nname = 'fuzz'\n[workspace]\n",
        );
        tree.write("crates/notes/README.md", "");
        assert_eq!(tree.workspace().packages.len(), before);
    }
}

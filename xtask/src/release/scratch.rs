//! Projects outside of the workspace, made to be built once.

use std::{
    collections::BTreeMap,
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, TableLike};

use super::cargo::{Run, target};

/// A folder that is emptied at each start and left at the end, to be looked at.
#[derive(Debug)]
pub(crate) struct Scratch {
    root: PathBuf,
    folder: PathBuf,
}

/// Where to find crates, by name.
pub(crate) type Places = BTreeMap<String, PathBuf>;

impl Scratch {
    /// The path is the same at each run: cargo knows packages by their paths, and a new path would be compiled anew.
    pub(crate) fn new(root: &Path, purpose: &str) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        root.hash(&mut hasher);
        let name = format!("trunkline-{purpose}-{:08x}", hasher.finish() as u32);
        let folder = env::temp_dir().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty {}; remove it", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            root: root.to_path_buf(),
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program that has one crate by path, and gets those in `patches` instead of the registry's.
    pub(crate) fn project(
        &self,
        name: &str,
        (dependency, path): (&str, &Path),
        patches: &Places,
        main: &str,
    ) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        let manifest = manifest(name, (dependency, path), patches);
        let written = fs::create_dir_all(folder.join("src"))
            .and_then(|()| fs::write(folder.join("Cargo.toml"), manifest))
            .and_then(|()| fs::write(folder.join("src/main.rs"), main));
        written.with_context(|| format!("cannot write {}", folder.display()))?;
        // The versions that the workspace is tested with, which its build folder has compiled already.
        let lock = self.root.join("Cargo.lock");
        if lock.is_file() {
            fs::copy(&lock, folder.join("Cargo.lock"))
                .with_context(|| format!("cannot copy {}", lock.display()))?;
        }
        Ok(folder)
    }

    /// Cargo in a project here, with the build folder of the workspace.
    pub(crate) fn cargo(&self, project: &Path, line: &str) -> Run {
        Run::new(project, line).target(target(&self.root))
    }
}

fn manifest(name: &str, (dependency, path): (&str, &Path), patches: &Places) -> String {
    // A workspace of its own, even if a folder above has one; the workspace's profile, or nothing could be shared.
    let mut text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n[dependencies]\n{dependency} = {{ path = {path:?} }}\n"
    );
    let others = patches.iter().filter(|(other, _)| *other != dependency);
    let others: Vec<String> = others
        .map(|(other, path)| format!("{other} = {{ path = {path:?} }}\n"))
        .collect();
    if !others.is_empty() {
        text.push_str("\n[patch.crates-io]\n");
        text.push_str(&others.concat());
    }
    text
}

/// Makes crates of a copied checkout look to each other as if they came from the registry: with versions only.
pub(crate) fn without_paths<'a>(
    checkout: &Path,
    crates: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    edit(&checkout.join("Cargo.toml"), |manifest| {
        if let Some(workspace) = manifest
            .get_mut("workspace")
            .and_then(|item| item.as_table_like_mut())
        {
            unpath(workspace, &["dependencies"]);
        }
    })?;
    for folder in crates {
        let path = checkout.join(folder).join("Cargo.toml");
        edit(&path, |manifest| {
            published_form(manifest.as_table_mut());
            let targets = manifest.get_mut("target");
            let targets = targets.and_then(|item| item.as_table_like_mut());
            for (_, target) in targets.into_iter().flat_map(|table| table.iter_mut()) {
                if let Some(target) = target.as_table_like_mut() {
                    published_form(target);
                }
            }
        })?;
    }
    Ok(())
}

/// Cargo strips dev-dependencies by path from a package; with other crates by version they would clash.
fn published_form(parent: &mut dyn TableLike) {
    parent.remove("dev-dependencies");
    unpath(parent, &["dependencies", "build-dependencies"]);
}

/// Leaves out what only tests, benches and examples need, and their own entries.
pub(crate) fn without_tests(manifest: &mut DocumentMut) {
    for table in ["dev-dependencies", "bench", "example", "test"] {
        manifest.remove(table);
    }
    let targets = manifest.get_mut("target");
    let targets = targets.and_then(|item| item.as_table_like_mut());
    for (_, target) in targets.into_iter().flat_map(|table| table.iter_mut()) {
        if let Some(target) = target.as_table_like_mut() {
            target.remove("dev-dependencies");
        }
    }
}

fn unpath(parent: &mut dyn TableLike, tables: &[&str]) {
    for table in tables {
        let Some(table) = parent
            .get_mut(table)
            .and_then(|item| item.as_table_like_mut())
        else {
            continue;
        };
        for (_, item) in table.iter_mut() {
            if let Some(dependency) = item
                .as_table_like_mut()
                .filter(|table| table.contains_key("version"))
            {
                dependency.remove("path");
            }
        }
    }
}

/// Gives unpacked crates paths to each other, for a tool that knows no `[patch]`.
pub(crate) fn with_paths(manifest: &Path, places: &Places) -> Result<()> {
    edit(manifest, |manifest| {
        let table = manifest
            .get_mut("dependencies")
            .and_then(|item| item.as_table_like_mut());
        for (name, item) in table.into_iter().flat_map(|table| table.iter_mut()) {
            if let (Some(path), Some(dependency)) =
                (places.get(name.get()), item.as_table_like_mut())
            {
                dependency.insert(
                    "path",
                    toml_edit::value(path.to_string_lossy().into_owned()),
                );
            }
        }
    })
}

pub(crate) fn edit(path: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<()> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parsed = text.parse::<DocumentMut>();
    let mut manifest = parsed.with_context(|| format!("{} is not TOML", path.display()))?;
    change(&mut manifest);
    fs::write(path, manifest.to_string())
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn a_project_has_one_crate_and_patches_for_the_others() {
        let places = Places::from([
            ("a".to_owned(), PathBuf::from("/x/a")),
            ("b".to_owned(), PathBuf::from("/x/b")),
        ]);
        let text = manifest("outside", ("a", Path::new("/x/a")), &places);
        let text: DocumentMut = text.parse().unwrap();
        let keys = |table: &str| {
            let table = text.get(table).unwrap().as_table().unwrap();
            table
                .iter()
                .map(|(key, _)| key.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(keys("dependencies"), ["a"]);
        let patches = text.get("patch").and_then(|patch| patch.get("crates-io"));
        let patches = patches.unwrap().as_table().unwrap();
        assert_eq!(
            patches.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            ["b"]
        );
    }

    #[test]
    fn a_checkout_without_paths_keeps_versions_and_drops_dev_dependencies() {
        let tree = Tree::in_order();
        let root = tree.workspace().root;
        without_paths(&root, [Path::new("crates/core")]).unwrap();
        let manifest = tree.read("Cargo.toml");
        assert!(
            manifest.contains("trunkline-core = { version = \"0.1.0\", default-features = false }"),
            "{manifest}"
        );
        let core = tree.read("crates/core/Cargo.toml");
        assert!(!core.contains("testkit"), "{core}");
    }

    #[test]
    fn a_manifest_without_tests_keeps_the_rest() {
        let text = "[features]\nx = []\n\n[dev-dependencies]\na = '1'\n\n[[bench]]\nname = 'b'\n\n[target.'cfg(unix)'.dev-dependencies]\nc = '1'\n";
        let mut manifest: DocumentMut = text.parse().unwrap();
        without_tests(&mut manifest);
        assert_eq!(manifest.to_string().trim(), "[features]\nx = []");
    }

    #[test]
    fn unpacked_crates_get_paths_to_each_other() {
        let tree = Tree::in_order();
        tree.write(
            "a/Cargo.toml",
            "[dependencies.b]\nversion = \"0.1.0\"\n\n[dependencies.c]\nversion = \"1\"\n",
        );
        let path = tree.workspace().root.join("a/Cargo.toml");
        with_paths(
            &path,
            &Places::from([("b".to_owned(), PathBuf::from("/b"))]),
        )
        .unwrap();
        assert_eq!(
            tree.read("a/Cargo.toml"),
            "[dependencies.b]\nversion = \"0.1.0\"\npath = \"/b\"\n\n[dependencies.c]\nversion = \"1\"\n"
        );
    }

    #[test]
    fn a_scratch_folder_lies_outside_and_is_emptied() {
        let root = Tree::in_order().workspace().root;
        let scratch = Scratch::new(&root, "test").unwrap();
        fs::write(scratch.folder().join("old"), "").unwrap();
        let again = Scratch::new(&root, "test").unwrap();
        assert_eq!(again.folder(), scratch.folder());
        assert!(!again.folder().join("old").exists() && !again.folder().starts_with(&root));
        fs::remove_dir_all(again.folder()).unwrap();
    }
}

//! A `Cargo.toml` that knows its lines.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml_edit::{ArrayOfTables, Document, Item, Key, Table};

use crate::finding::Finding;

#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// Relative to the root.
    path: PathBuf,
    document: Document<String>,
}

/// One line of a dependency table.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The package, also where the key renames it.
    pub(crate) package: String,
    pub(crate) dev: bool,
    pub(crate) workspace: bool,
    pub(crate) path: bool,
    pub(crate) version: bool,
    pub(crate) line: usize,
}

impl Manifest {
    pub(crate) fn parse(path: impl AsRef<Path>, text: String) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let document = Document::parse(text)
            .with_context(|| format!("{} is not TOML; mend it first", path.display()))?;
        Ok(Self { path, document })
    }

    pub(crate) fn get(&self, keys: &[&str]) -> Option<&Item> {
        keys.iter()
            .try_fold(self.document.as_item(), |item, key| item.get(key))
    }

    pub(crate) fn text(&self, keys: &[&str]) -> Option<&str> {
        self.get(keys)?.as_str()
    }

    pub(crate) fn is_true(&self, keys: &[&str]) -> bool {
        self.get(keys).and_then(Item::as_bool) == Some(true)
    }

    /// The strings of an array; `None` where there is no array.
    pub(crate) fn list(&self, keys: &[&str]) -> Option<Vec<&str>> {
        let array = self.get(keys)?.as_array()?;
        Some(array.iter().filter_map(|value| value.as_str()).collect())
    }

    /// The `[[name]]` tables.
    pub(crate) fn tables(&self, name: &str) -> impl Iterator<Item = &Table> {
        self.get(&[name])
            .and_then(Item::as_array_of_tables)
            .into_iter()
            .flat_map(ArrayOfTables::iter)
    }

    /// A finding at the deepest of `keys` that exists.
    pub(crate) fn finding(&self, keys: &[&str], what: impl Into<String>) -> Finding {
        Finding::new(&self.path, self.line(keys), what)
    }

    pub(crate) fn finding_at(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding::new(&self.path, line, what)
    }

    /// The line of the deepest of `keys` that exists.
    fn line(&self, keys: &[&str]) -> usize {
        let mut line = 1;
        let mut item = self.document.as_item();
        for name in keys {
            let Some((key, value)) = item
                .as_table_like()
                .and_then(|table| table.get_key_value(name))
            else {
                break;
            };
            line = self.line_of(key);
            item = value;
        }
        line
    }

    fn line_of(&self, key: &Key) -> usize {
        key.span().map_or(1, |span| self.line_at(span.start))
    }

    fn line_at(&self, offset: usize) -> usize {
        let newlines = self
            .document
            .raw()
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count();
        newlines + 1
    }

    /// The names of the optional dependencies, as features know them.
    pub(crate) fn optional_dependencies(&self) -> Vec<String> {
        let table = self.get(&["dependencies"]).and_then(Item::as_table_like);
        let optional = |item: &Item| item.get("optional").and_then(Item::as_bool) == Some(true);
        let all = table.into_iter().flat_map(|table| table.iter());
        all.filter(|(_, item)| optional(item))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// All dependencies, those of `[target.….dependencies]` and build dependencies included.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        let mut found = self.dependencies_in(self.document.as_item());
        if let Some(targets) = self.get(&["target"]).and_then(Item::as_table_like) {
            found.extend(
                targets
                    .iter()
                    .flat_map(|(_, target)| self.dependencies_in(target)),
            );
        }
        found
    }

    fn dependencies_in(&self, parent: &Item) -> Vec<Dependency> {
        let mut found = Vec::new();
        for (table, dev) in [
            ("dependencies", false),
            ("build-dependencies", false),
            ("dev-dependencies", true),
        ] {
            let Some(table) = parent.get(table).and_then(Item::as_table_like) else {
                continue;
            };
            for (name, item) in table.iter() {
                found.push(Dependency {
                    package: item
                        .get("package")
                        .and_then(Item::as_str)
                        .unwrap_or(name)
                        .to_owned(),
                    dev,
                    workspace: item.get("workspace").and_then(Item::as_bool) == Some(true),
                    path: item.get("path").is_some(),
                    version: item.is_str() || item.get("version").is_some(),
                    line: table.key(name).map_or(1, |key| self.line_of(key)),
                });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        Manifest::parse("Cargo.toml", text.to_owned()).unwrap()
    }

    #[test]
    fn a_finding_stands_at_the_deepest_key_that_exists() {
        let manifest = manifest("[package]\nname = 'a'\n\n[lints]\nworkspace = true\n");
        assert_eq!(manifest.finding(&["package", "name"], "x").line, 2);
        assert_eq!(manifest.finding(&["package", "readme"], "x").line, 1);
        assert_eq!(manifest.finding(&["lints", "workspace"], "x").line, 5);
    }

    #[test]
    fn dependencies_are_found_in_every_table_and_spelling() {
        let manifest = manifest(
            "[dependencies]\na.workspace = true\nb = '1'\n[dependencies.c]\npackage = 'real'\npath = '../c'\n\
             [target.'cfg(unix)'.dev-dependencies]\nd = { path = '../d', version = '1' }\n",
        );
        let found = manifest.dependencies();
        let of = |name: &str| {
            found
                .iter()
                .find(|dependency| dependency.package == name)
                .unwrap()
        };
        assert!(of("a").workspace && of("a").line == 2);
        assert!(of("b").version && !of("b").path);
        assert!(of("real").path && !of("real").version && of("real").line == 4);
        assert!(of("d").dev && of("d").version && of("d").path && of("d").line == 8);
    }

    #[test]
    fn what_is_no_toml_is_named() {
        let error = Manifest::parse("crates/x/Cargo.toml", "[package".to_owned()).unwrap_err();
        assert!(format!("{error:#}").starts_with("crates/x/Cargo.toml is not TOML"));
    }
}

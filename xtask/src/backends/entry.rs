//! What the manifest of a provider tells about it.

use crate::{
    finding::Finding,
    workspace::{Package, Role, Workspace},
};

/// What a provider is fit for: tried on fixtures only; passes recorded or live traffic; and its API is promised.
const STATES: [&str; 3] = ["experimental", "working", "stable-api"];

/// One provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) title: String,
    /// `trunkline-groq`
    pub(super) package: String,
    /// `groq`: the folder, and the feature of the facade.
    pub(super) name: String,
    /// The least version that works: this one.
    pub(super) version: String,
    /// Relative to the root.
    pub(super) folder: String,
    pub(super) state: String,
    pub(super) operations: Vec<String>,
    pub(super) capabilities: Vec<String>,
    /// `None` for a provider that takes no key.
    pub(super) key_env: Option<String>,
    pub(super) example: String,
    pub(super) has_tests: bool,
    /// The features that are on unless somebody turns them off.
    pub(super) defaults: Vec<String>,
}

/// All providers by title, and what their manifests leave out.
pub(super) fn all(workspace: &Workspace) -> (Vec<Entry>, Vec<Finding>) {
    let mut entries = Vec::new();
    let mut findings = Vec::new();
    for provider in workspace.with_role(Role::Provider) {
        match read(workspace, provider) {
            Ok(entry) => entries.push(entry),
            Err(found) => findings.extend(found),
        }
    }
    entries.sort_by_key(|entry| entry.title.to_lowercase());
    (entries, findings)
}

fn read(workspace: &Workspace, provider: &Package) -> Result<Entry, Vec<Finding>> {
    let mut reader = Reader {
        provider,
        findings: Vec::new(),
    };
    let entry = Entry {
        title: reader.text("title"),
        package: provider.name.clone(),
        name: provider.short_name().to_owned(),
        version: provider
            .manifest
            .text(&["package", "version"])
            .unwrap_or("0.1.0")
            .to_owned(),
        folder: provider.folder.to_string_lossy().into_owned(),
        state: reader.state(),
        operations: reader.list("operations"),
        capabilities: reader.list("capabilities"),
        key_env: provider.manifest.text(&at("key-env")).map(str::to_owned),
        example: reader.text("example"),
        has_tests: workspace.exists(provider.folder.join("tests")),
        defaults: owned(provider.manifest.list(&["features", "default"])),
    };
    reader.text("protocol");
    reader.guide(workspace);
    if reader.findings.is_empty() {
        Ok(entry)
    } else {
        Err(reader.findings)
    }
}

fn owned(list: Option<Vec<&str>>) -> Vec<String> {
    let list = list.unwrap_or_default().into_iter();
    list.map(str::to_owned).collect()
}

fn at(key: &str) -> [&str; 4] {
    ["package", "metadata", "trunkline", key]
}

struct Reader<'a> {
    provider: &'a Package,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn text(&mut self, key: &str) -> String {
        let text = self.provider.manifest.text(&at(key)).unwrap_or_default();
        if text.is_empty() {
            self.trouble(
                key,
                &format!("no `{key}`; write `{key} = \"…\"` under [package.metadata.trunkline]"),
            );
        }
        text.to_owned()
    }

    /// Every provider has operations; capabilities may be an empty list, which says that there are none.
    fn list(&mut self, key: &str) -> Vec<String> {
        let list = self.provider.manifest.list(&at(key));
        if list.is_none() || (key == "operations" && list.as_ref().is_some_and(Vec::is_empty)) {
            self.trouble(
                key,
                &format!("no `{key}`; write `{key} = [\"…\"]` under [package.metadata.trunkline]"),
            );
        }
        list.unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    fn state(&mut self) -> String {
        let state = self.text("state");
        if !state.is_empty() && !STATES.contains(&state.as_str()) {
            self.trouble(
                "state",
                &format!(
                    "no state is called {state}; choose one of {}",
                    STATES.join(", ")
                ),
            );
        }
        state
    }

    fn guide(&mut self, workspace: &Workspace) {
        let guide = self.text("guide");
        if !guide.is_empty() && !workspace.exists(self.provider.folder.join(&guide)) {
            self.trouble(
                "guide",
                &format!("{guide} does not exist; write the guide, or correct its path"),
            );
        }
    }

    fn trouble(&mut self, key: &str, what: &str) {
        self.findings
            .push(self.provider.manifest.finding(&at(key), what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    const MANIFEST: &str = "crates/providers/groq/Cargo.toml";

    #[test]
    fn every_key_but_that_of_the_key_is_asked_for() {
        for key in [
            "title",
            "protocol",
            "state",
            "operations",
            "capabilities",
            "guide",
            "example",
        ] {
            let tree = Tree::in_order();
            tree.replace(MANIFEST, &format!("\n{key} = "), &format!("\nx-{key} = "));
            let finding = only(all(&tree.workspace()).1);
            assert!(
                finding.what.starts_with(&format!("no `{key}`")),
                "{finding}"
            );
            assert!(finding.line > 20, "{finding} does not stand at the table");
        }
        let tree = Tree::in_order();
        tree.replace(MANIFEST, "\nkey-env = ", "\nx-key-env = ");
        let (entries, findings) = all(&tree.workspace());
        assert_eq!(findings, []);
        assert_eq!(entries.first().unwrap().key_env, None);
    }

    #[test]
    fn an_unknown_state_is_refused_with_those_that_exist() {
        let tree = Tree::in_order();
        tree.replace(MANIFEST, "\"working\"", "\"perfect\"");
        let finding = only(all(&tree.workspace()).1);
        assert_eq!(
            finding.what,
            "no state is called perfect; choose one of experimental, working, stable-api"
        );
    }

    #[test]
    fn a_guide_that_does_not_exist_is_found() {
        let tree = Tree::in_order();
        tree.replace(MANIFEST, "guide = \"README.md\"", "guide = \"GUIDE.md\"");
        assert!(
            only(all(&tree.workspace()).1)
                .what
                .starts_with("GUIDE.md does not exist")
        );
    }
}

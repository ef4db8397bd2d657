//! Lists with an entry per provider: the facade's features, dependencies, re-exports and
//! definitions; what the workspace and the lab depend on.

use super::entry::Entry;

/// The tables of the facade's manifest that have a region.
pub(super) const TABLES: [&str; 2] = ["features", "dependencies"];

/// What belongs into a table of the facade's manifest.
pub(super) fn table(name: &str, entries: &[Entry]) -> Option<String> {
    match name {
        "features" => Some(features(entries)),
        "dependencies" => Some(dependencies(entries)),
        _ => None,
    }
}

/// What is forwarded to those providers that are on; none of these turns a provider on.
const FORWARDED: [&str; 2] = ["default-tls", "hyper"];

fn features(entries: &[Entry]) -> String {
    let mut lines = String::new();
    for entry in sorted(entries) {
        let Entry { name, package, .. } = entry;
        lines.push_str(&format!("{name} = [\"dep:{package}\""));
        // Signatures, say: what a crate has by itself it has behind the facade as well.
        for own in &entry.defaults {
            if !FORWARDED.contains(&own.as_str()) {
                lines.push_str(&format!(", \"{package}/{own}\""));
            }
        }
        lines.push_str("]\n");
    }
    lines.push_str(&array(
        "full",
        sorted(entries).map(|entry| entry.name.clone()),
    ));
    for feature in FORWARDED {
        lines.push_str(&array(
            feature,
            sorted(entries).map(|entry| format!("{}?/{feature}", entry.package)),
        ));
    }
    lines
}

fn array(name: &str, values: impl Iterator<Item = String>) -> String {
    let lines: String = values.map(|value| format!("    \"{value}\",\n")).collect();
    format!("{name} = [\n{lines}]\n")
}

fn dependencies(entries: &[Entry]) -> String {
    sorted(entries)
        .map(|entry| {
            format!(
                "{} = {{ workspace = true, optional = true }}\n",
                entry.package
            )
        })
        .collect()
}

/// As rustfmt sorts them.
pub(super) fn reexports(entries: &[Entry]) -> String {
    let line = |Entry { name, package, .. }: &Entry| {
        format!(
            "#[cfg(feature = \"{name}\")]\npub use {} as {name};\n",
            package.replace('-', "_")
        )
    };
    sorted(entries).map(line).collect()
}

/// The elements of an array.
pub(super) fn definitions(entries: &[Entry]) -> String {
    let line = |Entry { name, .. }: &Entry| {
        format!("        #[cfg(feature = \"{name}\")]\n        crate::{name}::PROVIDER,\n")
    };
    sorted(entries).map(line).collect()
}

/// The dependencies of the workspace and of the lab.
pub(super) fn requirements(entries: &[Entry]) -> String {
    let line = |entry: &Entry| {
        let Entry {
            package,
            folder,
            version,
            ..
        } = entry;
        format!(
            "{package} = {{ path = \"{folder}\", version = \"{version}\", default-features = false }}\n"
        )
    };
    sorted(entries).map(line).collect()
}

/// The same where they are used.
pub(super) fn inherited(entries: &[Entry]) -> String {
    let line = |entry: &Entry| format!("{}.workspace = true\n", entry.package);
    sorted(entries).map(line).collect()
}

/// The elements of the lab's list.
pub(super) fn linked(entries: &[Entry]) -> String {
    let line = |Entry { package, .. }: &Entry| {
        format!("    Linked::of::<{}::Api>(),\n", package.replace('-', "_"))
    };
    sorted(entries).map(line).collect()
}

fn sorted(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| &entry.name);
    entries.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        Entry {
            version: "0.1.0".to_owned(),
            title: String::new(),
            package: format!("trunkline-{name}"),
            name: name.to_owned(),
            folder: String::new(),
            state: String::new(),
            operations: Vec::new(),
            capabilities: Vec::new(),
            key_env: None,
            example: String::new(),
            has_tests: false,
            defaults: vec!["hyper".to_owned(), "default-tls".to_owned()],
        }
    }

    #[test]
    fn what_a_crate_has_by_itself_it_has_behind_the_facade() {
        let mut store = entry("s3");
        store.defaults.push("sigv4".to_owned());
        let features = table("features", &[store]).unwrap();
        assert!(features.starts_with("s3 = [\"dep:trunkline-s3\", \"trunkline-s3/sigv4\"]\n"));
    }

    #[test]
    fn features_are_sorted_and_what_is_forwarded_turns_on_no_provider() {
        assert_eq!(
            table("features", &[entry("xai"), entry("groq")]).unwrap(),
            "groq = [\"dep:trunkline-groq\"]\nxai = [\"dep:trunkline-xai\"]\n\
             full = [\n    \"groq\",\n    \"xai\",\n]\n\
             default-tls = [\n    \"trunkline-groq?/default-tls\",\n    \"trunkline-xai?/default-tls\",\n]\n\
             hyper = [\n    \"trunkline-groq?/hyper\",\n    \"trunkline-xai?/hyper\",\n]\n",
        );
    }

    #[test]
    fn other_tables_are_left_alone() {
        assert_eq!(table("dev-dependencies", &[entry("groq")]), None);
    }

    #[test]
    fn reexports_are_sorted_as_rustfmt_does() {
        let lines = reexports(&[entry("xai"), entry("groq")]);
        let names: Vec<&str> = lines
            .lines()
            .filter(|line| line.starts_with("pub"))
            .collect();
        assert_eq!(
            names,
            [
                "pub use trunkline_groq as groq;",
                "pub use trunkline_xai as xai;"
            ]
        );
    }

    #[test]
    fn every_definition_is_behind_its_feature() {
        assert_eq!(
            definitions(&[entry("xai"), entry("groq")]),
            "        #[cfg(feature = \"groq\")]\n        crate::groq::PROVIDER,\n\
             \x20       #[cfg(feature = \"xai\")]\n        crate::xai::PROVIDER,\n",
        );
    }
}

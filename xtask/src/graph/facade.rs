//! The facade: no provider without a feature, one with each.

use anyhow::Result;

use super::tree::{Asker, Features, Packages};
use crate::{
    finding::Finding,
    workspace::{Package, Role, Workspace},
};

pub(super) const NAME: &str = "trunkline";

pub(super) fn check(workspace: &Workspace, asker: &Asker) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let Some(facade) = workspace
        .package(NAME)
        .filter(|facade| asker.is_member(&facade.name))
    else {
        return Ok(findings);
    };
    let packages = asker.packages(NAME, &Features::None)?;
    findings.extend(wrong(workspace, facade, &packages, &Features::None, None));
    let provided = provided(workspace, facade);
    for (feature, provider) in &provided {
        let features = Features::Only(feature.clone());
        let packages = asker.packages(NAME, &features)?;
        findings.extend(wrong(
            workspace,
            facade,
            &packages,
            &features,
            Some(provider),
        ));
    }
    println!(
        "graph: {NAME} has {} features that bring a provider",
        provided.len()
    );
    Ok(findings)
}

/// The features that bring one provider, each with its crate: `groq = ["dep:trunkline-groq"]`.
fn provided(workspace: &Workspace, facade: &Package) -> Vec<(String, String)> {
    let table = facade
        .manifest
        .get(&["features"])
        .and_then(|item| item.as_table_like());
    let mut found = Vec::new();
    for (feature, value) in table.into_iter().flat_map(|table| table.iter()) {
        let values = value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str());
        let crates = values.filter_map(|value| value.strip_prefix("dep:"));
        let providers = crates.filter(|name| is_provider(workspace, name));
        found.extend(providers.map(|name| (feature.to_owned(), name.to_owned())));
    }
    found
}

fn is_provider(workspace: &Workspace, name: &str) -> bool {
    workspace
        .package(name)
        .is_some_and(|package| package.role == Role::Provider)
}

fn wrong(
    workspace: &Workspace,
    facade: &Package,
    packages: &Packages,
    features: &Features,
    wanted: Option<&str>,
) -> Option<Finding> {
    let mut there: Vec<&str> = packages
        .names()
        .filter(|name| is_provider(workspace, name))
        .collect();
    there.dedup();
    if there == Vec::from_iter(wanted) {
        return None;
    }
    let told = if there.is_empty() {
        "no provider".to_owned()
    } else {
        there.join(", ")
    };
    let what = format!(
        "brings {told} instead of {}; `cargo tree -p {NAME} -e normal{}` shows the way",
        wanted.unwrap_or("none"),
        features.flag()
    );
    let feature = match features {
        Features::Only(feature) => feature,
        _ => "default",
    };
    Some(facade.manifest.finding(&["features", feature], what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    fn found(output: &str, feature: Option<&str>) -> Option<String> {
        let tree = Tree::in_order();
        tree.write(
            "crates/providers/xai/Cargo.toml",
            "[package]\nname = 'trunkline-xai'\n",
        );
        let workspace = tree.workspace();
        let facade = workspace.package(NAME).unwrap();
        let (features, wanted) = match feature {
            Some(feature) => (Features::Only(feature.to_owned()), Some("trunkline-groq")),
            None => (Features::None, None),
        };
        wrong(
            &workspace,
            facade,
            &Packages::parse(output),
            &features,
            wanted,
        )
        .map(|finding| finding.what)
    }

    #[test]
    fn the_features_that_bring_a_provider_are_read_from_the_manifest() {
        let workspace = Tree::in_order().workspace();
        let facade = workspace.package(NAME).unwrap();
        let expected = ("groq".to_owned(), "trunkline-groq".to_owned());
        assert_eq!(provided(&workspace, facade), [expected]);
    }

    #[test]
    fn without_a_feature_there_is_no_provider() {
        assert_eq!(
            found("trunkline v0.1.0\ntrunkline-core v0.1.0\n", None),
            None
        );
        let what = found("trunkline v0.1.0\ntrunkline-groq v0.1.0\n", None).unwrap();
        assert!(
            what.starts_with("brings trunkline-groq instead of none"),
            "{what}"
        );
    }

    #[test]
    fn a_feature_brings_its_provider_and_no_other() {
        assert_eq!(found("trunkline-groq v0.1.0\n", Some("groq")), None);
        let two = found(
            "trunkline-groq v0.1.0\ntrunkline-xai v0.1.0\n",
            Some("groq"),
        )
        .unwrap();
        assert!(
            two.contains("trunkline-groq, trunkline-xai instead of trunkline-groq"),
            "{two}"
        );
        assert!(
            two.contains("--no-default-features --features groq"),
            "{two}"
        );
        let none = found("trunkline-core v0.1.0\n", Some("groq")).unwrap();
        assert!(none.starts_with("brings no provider"), "{none}");
    }
}

//! `features`: each published crate without features, with each alone, and with all.
//!
//! That the facade has no provider without a feature, and one with each, is `graph`'s to check.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{
    check::cargo,
    finding::{Finding, report},
    manifest::Manifest,
    release::{Member, Published, Run, step},
    workspace::Workspace,
};

pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<ExitCode> {
    let members = Published::of(workspace)?;
    let hack = has_hack();
    if !hack {
        println!(
            "features: cargo-hack is not installed, so each combination is a `cargo check` of its own"
        );
    }
    let mut findings = Vec::new();
    for member in members.chosen(names)? {
        for (what, arguments) in runs(member, hack) {
            findings.extend(one(workspace, member, &what, &arguments));
        }
    }
    Ok(report("features", &findings))
}

fn has_hack() -> bool {
    let version = Command::new(cargo()).args(["hack", "--version"]).output();
    version.is_ok_and(|output| output.status.success())
}

fn one(workspace: &Workspace, member: &Member<'_>, what: &str, arguments: &str) -> Option<Finding> {
    let label = format!("{}: {what}", member.name());
    let run = Run::new(&workspace.root, arguments);
    let error = step(label, || run.run(|_| {})).err()?;
    let what = format!("does not compile with {what}; mend what cargo says\n{error:#}");
    Some(member.package.manifest.finding(&["features"], what))
}

/// What to run, each with what it is called.
fn runs(member: &Member<'_>, hack: bool) -> Vec<(String, String)> {
    let name = member.name();
    if hack {
        let each = format!("hack check --each-feature --keep-going --locked -p {name}");
        return vec![("each feature (cargo-hack)".to_owned(), each)];
    }
    let check = format!("check --locked -p {name}");
    let features = features(&member.package.manifest);
    let mut runs = vec![("the default features".to_owned(), check.clone())];
    if features.is_empty() {
        return runs;
    }
    runs.push((
        "no feature".to_owned(),
        format!("{check} --no-default-features"),
    ));
    for feature in features.iter().filter(|feature| *feature != "default") {
        let alone = format!("{check} --no-default-features --features {feature}");
        runs.push((format!("{feature} alone"), alone));
    }
    runs.push(("all features".to_owned(), format!("{check} --all-features")));
    runs
}

/// Those of `[features]`, and optional dependencies that none of them names by `dep:`, which are features themselves.
fn features(manifest: &Manifest) -> Vec<String> {
    let table = manifest
        .get(&["features"])
        .and_then(|item| item.as_table_like());
    let mut found = Vec::new();
    let mut named = Vec::new();
    for (feature, value) in table.into_iter().flat_map(|table| table.iter()) {
        found.push(feature.to_owned());
        let values = value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str());
        named.extend(
            values
                .filter_map(|value| value.strip_prefix("dep:"))
                .map(str::to_owned),
        );
    }
    let optional = manifest.optional_dependencies();
    found.extend(optional.into_iter().filter(|name| !named.contains(name)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    fn told(tree: &Tree, name: &str, hack: bool) -> Vec<(String, String)> {
        let workspace = tree.workspace();
        let members = Published::of(&workspace).unwrap();
        runs(members.named(name).unwrap(), hack)
    }

    #[test]
    fn a_crate_is_checked_without_features_with_each_and_with_all() {
        let runs = told(&Tree::in_order(), "trunkline-groq", false);
        let what: Vec<&str> = runs.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(
            what,
            [
                "the default features",
                "no feature",
                "hyper alone",
                "all features"
            ]
        );
        assert_eq!(
            runs[2].1,
            "check --locked -p trunkline-groq --no-default-features --features hyper"
        );
    }

    #[test]
    fn a_crate_without_features_is_checked_once() {
        assert_eq!(told(&Tree::in_order(), "trunkline-core", false).len(), 1);
    }

    #[test]
    fn an_optional_dependency_is_a_feature_unless_one_names_it() {
        let manifest = "[features]\nx = ['dep:a']\n[dependencies]\na = { version = '1', optional = true }\nb = { version = '1', optional = true }\nc = '1'\n";
        let manifest = Manifest::parse("Cargo.toml", manifest.to_owned()).unwrap();
        assert_eq!(features(&manifest), ["x", "b"]);
    }

    #[test]
    fn cargo_hack_does_it_in_one_run() {
        let runs = told(&Tree::in_order(), "trunkline-groq", true);
        assert_eq!(runs.len(), 1);
        assert!(runs[0].1.starts_with("hack check --each-feature"));
    }
}

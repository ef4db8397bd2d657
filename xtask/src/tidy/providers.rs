//! What every provider crate has, and what none may contain.

use anyhow::Result;

use crate::{
    finding::Finding,
    markdown, source,
    workspace::{Package, Role, Workspace},
};

const HEADINGS: [&str; 8] = [
    "Introduction",
    "Prerequisites",
    "Installation",
    "Basic usage",
    "Advanced usage",
    "API reference",
    "Best practices",
    "Further resources",
];

/// A provider only encodes and decodes; core's one driver does all I/O.
const IMPURE: [&str; 3] = ["async", ".await", "tokio"];

pub(crate) fn check(workspace: &Workspace, provider: &Package) -> Result<Vec<Finding>> {
    let mut findings = features(provider);
    findings.extend(other_providers(workspace, provider));
    findings.extend(purity(workspace, provider)?);
    findings.extend(guide(workspace, provider)?);
    findings.extend(example(workspace, provider));
    findings.extend(fixtures(workspace, provider));
    findings.extend(conformance(workspace, provider));
    findings.extend(changelog(workspace, provider)?);
    Ok(findings)
}

/// What its wire looks like: a case for each operation, and for the errors that everybody meets.
fn fixtures(workspace: &Workspace, provider: &Package) -> Vec<Finding> {
    const OPERATIONS: [&str; 4] = ["chat", "stream", "embed", "models"];
    const ERRORS: [&str; 2] = ["error_auth", "error_rate_limit"];
    let declared = provider
        .manifest
        .list(&["package", "metadata", "trunkline", "operations"])
        .unwrap_or_default();
    let cases = OPERATIONS
        .into_iter()
        .filter(|operation| declared.contains(operation))
        .chain(ERRORS);
    let missing = cases
        .map(|case| provider.folder.join("fixtures").join(case))
        .filter(|case| !workspace.exists(case.join("call.json")));
    missing
        .map(|case| {
            let advice = "missing; write this case from the provider's documentation, as docs/new-backend.md shows";
            Finding::file(case, advice)
        })
        .collect()
}

fn changelog(workspace: &Workspace, provider: &Package) -> Result<Option<Finding>> {
    const FILE: &str = "CHANGELOG.md";
    let text = workspace.read(FILE)?.unwrap_or_default();
    let heading = format!("### {} ", provider.name);
    let tells = text.lines().any(|line| line.starts_with(&heading));
    Ok((!tells).then(|| {
        let what = format!("no section `{heading}…`; tell what users of the crate get");
        Finding::file(FILE, what)
    }))
}

/// The suite of the testkit, which runs on the fixtures.
fn conformance(workspace: &Workspace, provider: &Package) -> Vec<Finding> {
    let file = provider.folder.join("tests/conformance.rs");
    let text = std::fs::read_to_string(workspace.root.join(&file)).unwrap_or_default();
    if text.contains("conformance::run(") {
        return Vec::new();
    }
    let advice = "missing, or does not run the suite; write a `main` that calls `conformance::run(Subject::of::<Api>(…))`, as docs/conformance.md shows";
    vec![Finding::file(file, advice)]
}

fn features(provider: &Package) -> Vec<Finding> {
    let manifest = &provider.manifest;
    let forwarded = manifest.list(&["features", "hyper"]).unwrap_or_default();
    let mut findings = Vec::new();
    if !forwarded
        .iter()
        .any(|feature| feature.starts_with("trunkline-") && feature.ends_with("/hyper"))
    {
        let advice = "`hyper` is not forwarded, so nobody can turn it off; write `hyper = [\"trunkline-http/hyper\"]`";
        findings.push(manifest.finding(&["features", "hyper"], advice));
    }
    if !manifest
        .list(&["features", "default"])
        .unwrap_or_default()
        .contains(&"hyper")
    {
        let advice =
            "`hyper` is not on by default, so `from_env` is missing; write `default = [\"hyper\"]`";
        findings.push(manifest.finding(&["features", "default"], advice));
    }
    findings
}

fn other_providers(workspace: &Workspace, provider: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    for dependency in provider.manifest.dependencies() {
        let name = &dependency.package;
        if workspace
            .package(name)
            .is_some_and(|other| other.role == Role::Provider)
        {
            let what = format!(
                "depends on the provider {name}; move what both need down into a protocol crate"
            );
            findings.push(provider.manifest.finding_at(dependency.line, what));
        }
    }
    findings
}

fn purity(workspace: &Workspace, provider: &Package) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in source::files(
        &workspace.root,
        &provider.folder.join("src").to_string_lossy(),
        "rs",
    )? {
        let text = workspace.read(&path)?.unwrap_or_default();
        for (number, line) in source::code_only(&text).lines().enumerate() {
            for word in IMPURE
                .into_iter()
                .filter(|word| source::has_word(line, word))
            {
                let what = format!(
                    "`{word}` in a provider; leave I/O to core's driver, providers are pure functions"
                );
                findings.push(Finding::new(&path, number + 1, what));
            }
        }
    }
    Ok(findings)
}

/// The README is the usage guide.
fn guide(workspace: &Workspace, provider: &Package) -> Result<Vec<Finding>> {
    let path = provider.folder.join("README.md");
    let Some(text) = workspace.read(&path)? else {
        return Ok(Vec::new());
    };
    let prose = markdown::prose(&text);
    let found: Vec<String> = prose
        .iter()
        .filter_map(|line| markdown::subheading(line))
        .map(str::to_lowercase)
        .collect();
    let missing = HEADINGS
        .into_iter()
        .filter(|heading| !found.contains(&heading.to_lowercase()));
    Ok(missing
        .map(|heading| Finding::file(&path, format!("no section `## {heading}`; add it")))
        .collect())
}

fn example(workspace: &Workspace, provider: &Package) -> Option<Finding> {
    let path = format!("examples/{}.rs", provider.short_name());
    let depth = "../".repeat(provider.folder.components().count());
    if !workspace.exists(&path) {
        return Some(Finding::file(
            path,
            format!("missing; show {} in one file", provider.name),
        ));
    }
    (!provider.examples().contains(&path)).then(|| {
        let advice =
            format!("{path} is not declared; write [[example]] with `path = \"{depth}{path}\"`");
        provider.manifest.finding(&["example"], advice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    const MANIFEST: &str = "crates/providers/groq/Cargo.toml";
    const LIB: &str = "crates/providers/groq/src/lib.rs";

    fn found(tree: &Tree) -> Vec<Finding> {
        let workspace = tree.workspace();
        check(&workspace, workspace.package("trunkline-groq").unwrap()).unwrap()
    }

    #[test]
    fn a_provider_in_order_has_no_findings() {
        assert_eq!(found(&Tree::in_order()), []);
    }

    #[test]
    fn hyper_is_forwarded_and_on_by_default() {
        let tree = Tree::in_order();
        tree.replace(MANIFEST, "\"trunkline-http/hyper\"", "");
        let finding = only(found(&tree));
        assert!(
            finding.what.contains("not forwarded") && finding.line > 1,
            "{finding}"
        );

        let tree = Tree::in_order();
        tree.replace(MANIFEST, "default = [\"hyper\"]", "default = []");
        assert!(only(found(&tree)).what.contains("not on by default"));
    }

    #[test]
    fn a_provider_depends_on_no_other_not_even_in_tests() {
        for table in ["dependencies", "dev-dependencies"] {
            let tree = Tree::in_order();
            tree.write(
                "crates/providers/xai/Cargo.toml",
                "[package]\nname = 'trunkline-xai'\n",
            );
            tree.append(
                MANIFEST,
                &format!("[target.'cfg(unix)'.{table}]\ntrunkline-xai.workspace = true\n"),
            );
            assert!(
                only(found(&tree))
                    .what
                    .starts_with("depends on the provider trunkline-xai")
            );
        }
    }

    #[test]
    fn a_provider_is_pure() {
        for (code, word) in [
            ("async fn f() {}", "async"),
            ("fn f() { g().await; }", ".await"),
            ("use tokio::time;", "tokio"),
        ] {
            let tree = Tree::in_order();
            tree.append(LIB, &format!("{code}\n"));
            let finding = only(found(&tree));
            assert!(finding.what.starts_with(&format!("`{word}`")), "{finding}");
            assert_eq!((finding.file.to_str(), finding.line), (Some(LIB), 3));
        }
    }

    #[test]
    fn its_documentation_may_speak_of_async() {
        let tree = Tree::in_order();
        tree.append(LIB, "/// `groq.model(\"x\").chat(\"hi\").await?`, on tokio\npub const A: &str = \"async\";\n");
        assert_eq!(found(&tree), []);
    }

    #[test]
    fn every_section_of_the_guide_is_asked_for() {
        for heading in HEADINGS {
            let tree = Tree::in_order();
            tree.replace(
                "crates/providers/groq/README.md",
                &format!("## {heading}\n"),
                &format!("```\n## {heading}\n```\n"),
            );
            assert_eq!(
                only(found(&tree)).what,
                format!("no section `## {heading}`; add it")
            );
        }
    }

    #[test]
    fn the_example_exists_and_is_declared() {
        let tree = Tree::in_order();
        tree.remove("examples/groq.rs");
        assert!(
            only(found(&tree))
                .what
                .starts_with("missing; show trunkline-groq")
        );

        let tree = Tree::in_order();
        tree.replace(MANIFEST, "examples/groq.rs", "examples/other.rs");
        let finding = only(found(&tree));
        assert!(
            finding
                .what
                .contains("path = \"../../../examples/groq.rs\""),
            "{finding}"
        );
    }

    #[test]
    fn the_conformance_suite_is_to_be_run() {
        let tree = Tree::in_order();
        tree.write(
            "crates/providers/groq/tests/conformance.rs",
            "fn main() {}\n",
        );
        assert!(only(found(&tree)).file.ends_with("tests/conformance.rs"));
        tree.remove("crates/providers/groq/tests/conformance.rs");
        assert!(only(found(&tree)).what.starts_with("missing"));
    }

    #[test]
    fn a_fixture_is_asked_for_each_operation_and_for_the_usual_errors() {
        for case in ["chat", "stream", "error_auth", "error_rate_limit"] {
            let tree = Tree::in_order();
            let folder = format!("crates/providers/groq/fixtures/{case}");
            tree.remove(&format!("{folder}/call.json"));
            assert!(only(found(&tree)).file.ends_with(case));
            tree.remove(&folder);
            assert!(only(found(&tree)).file.ends_with(case));
        }
        let tree = Tree::in_order();
        tree.replace(MANIFEST, "\"stream\"]", "\"stream\", \"embed\"]");
        assert!(only(found(&tree)).file.ends_with("embed"));
    }

    #[test]
    fn the_changelog_tells_of_it() {
        let tree = Tree::in_order();
        tree.replace("CHANGELOG.md", "trunkline-groq 0", "trunkline-grok 0");
        assert!(only(found(&tree)).what.contains("trunkline-groq"));
    }
}

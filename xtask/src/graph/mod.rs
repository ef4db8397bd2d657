//! `graph`: what each crate depends on, as `cargo tree` resolves it for its users.

mod facade;
mod floors;
pub(crate) mod tree;

use anyhow::Result;

use self::tree::{Asker, Features, Packages};
use crate::{
    finding::Finding,
    workspace::{Package, Role, Workspace},
};

/// How many packages a program with one provider and TLS may have; each is built, audited and trusted.
const MOST_PACKAGES: usize = 75;
const WEIGHED: &str = "trunkline-groq";

const CORE_BANS: [&str; 5] = ["hyper", "hyper-util", "rustls", "tokio-rustls", "reqwest"];
const FRAMING_BANS: [&str; 3] = ["hyper", "rustls", "tokio"];
const TEST_CRATES: [&str; 2] = ["trunkline-testkit", "trunkline-lab"];

/// Something that must not be in the normal dependencies of a crate.
struct Rule<'a> {
    package: &'a Package,
    features: Features,
    banned: Box<dyn Fn(&str) -> bool + 'a>,
    why: &'static str,
}

pub(crate) fn run(workspace: &Workspace) -> Result<Vec<Finding>> {
    let asker = Asker::new(workspace)?;
    let mut findings = floors::check(&workspace.root)?;
    for name in ["trunkline-core", "trunkline-http", "trunkline", WEIGHED] {
        if workspace.package(name).is_none() {
            println!("graph: {name} left out, there is no such crate yet");
        }
    }
    for package in &workspace.packages {
        if !asker.is_member(&package.name) {
            println!(
                "graph: {} left out, it is no member of the workspace yet",
                package.name
            );
        }
    }
    for rule in rules(workspace)
        .iter()
        .filter(|rule| asker.is_member(&rule.package.name))
    {
        findings.extend(rule.broken(&asker.packages(&rule.package.name, &rule.features)?));
    }
    findings.extend(facade::check(workspace, &asker)?);
    if let Some(weighed) = workspace
        .package(WEIGHED)
        .filter(|package| asker.is_member(&package.name))
    {
        findings.extend(weigh(
            weighed,
            &asker.packages(WEIGHED, &Features::Default)?,
        ));
    }
    Ok(findings)
}

fn rules(workspace: &Workspace) -> Vec<Rule<'_>> {
    let has_role = move |name: &str, role| {
        workspace
            .package(name)
            .is_some_and(|package| package.role == role)
    };
    let is_provider = move |name: &str| has_role(name, Role::Provider);
    let mut rules = Vec::new();
    for package in &workspace.packages {
        let mut rule = |features, banned: Box<dyn Fn(&str) -> bool>, why| {
            rules.push(Rule {
                package,
                features,
                banned,
                why,
            });
        };
        match package.name.as_str() {
            "trunkline-core" => {
                let banned = move |name: &str| {
                    CORE_BANS.contains(&name) || is_provider(name) || has_role(name, Role::Protocol)
                };
                rule(
                    Features::All,
                    Box::new(banned),
                    "core names no transport and no provider",
                );
            }
            "trunkline-http" => {
                let banned = |name: &str| FRAMING_BANS.contains(&name);
                rule(
                    Features::None,
                    Box::new(banned),
                    "framing alone needs no client",
                );
            }
            facade::NAME => rule(
                Features::Default,
                Box::new(is_provider),
                "a provider comes with its feature only",
            ),
            _ => {}
        }
        if matches!(package.role, Role::Provider | Role::Protocol) {
            let banned = move |name: &str| is_provider(name) && name != package.name;
            rule(
                Features::All,
                Box::new(banned),
                "what two providers need belongs into a protocol crate",
            );
        }
        if package.published {
            let banned = |name: &str| TEST_CRATES.contains(&name) && name != package.name;
            rule(
                Features::All,
                Box::new(banned),
                "test crates are dev-dependencies",
            );
        }
    }
    rules
}

impl Rule<'_> {
    fn broken(&self, packages: &Packages) -> Vec<Finding> {
        let banned = packages.names().filter(|name| (self.banned)(name));
        banned.map(|name| self.finding(name)).collect()
    }

    fn finding(&self, name: &str) -> Finding {
        let Self {
            package,
            features,
            why,
            ..
        } = self;
        let command = format!(
            "cargo tree -p {} -e normal{} -i {name}",
            package.name,
            features.flag()
        );
        package.manifest.finding(
            &["dependencies"],
            format!("depends on {name}, but {why}; cut the way that `{command}` shows"),
        )
    }
}

fn weigh(package: &Package, packages: &Packages) -> Option<Finding> {
    let count = packages.count();
    let ours = packages
        .names()
        .filter(|name| name.starts_with("trunkline"))
        .count();
    println!(
        "graph: {} has {count} packages ({ours} ours), at most {MOST_PACKAGES}",
        package.name
    );
    (count > MOST_PACKAGES).then(|| {
        let what = format!("{count} packages, at most {MOST_PACKAGES}; drop what `cargo tree -p {} -e normal` shows as new", package.name);
        package.manifest.finding(&["dependencies"], what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    fn broken(tree: &Tree, name: &str, output: &str) -> Vec<Finding> {
        let workspace = tree.workspace();
        let packages = Packages::parse(output);
        rules(&workspace)
            .iter()
            .filter(|rule| rule.package.name == name)
            .flat_map(|rule| rule.broken(&packages))
            .collect()
    }

    #[test]
    fn core_has_no_transport_and_no_provider() {
        for banned in [
            "hyper",
            "hyper-util",
            "rustls",
            "tokio-rustls",
            "reqwest",
            "trunkline-groq",
        ] {
            let output = format!("trunkline-core v0.1.0\nbytes v1.0.0\n{banned} v1.0.0 (*)\n");
            let finding = only(broken(&Tree::in_order(), "trunkline-core", &output));
            assert!(
                finding
                    .what
                    .starts_with(&format!("depends on {banned}, but core")),
                "{finding}"
            );
            assert!(finding.what.contains("--all-features"), "{finding}");
        }
        assert_eq!(
            broken(
                &Tree::in_order(),
                "trunkline-core",
                "trunkline-core v0.1.0\nhyperfine v1.0.0\n"
            ),
            []
        );
    }

    #[test]
    fn framing_has_no_client() {
        let tree = Tree::in_order();
        tree.write(
            "crates/http/Cargo.toml",
            "[package]\nname = 'trunkline-http'\n",
        );
        for banned in FRAMING_BANS {
            let finding = only(broken(
                &tree,
                "trunkline-http",
                &format!("{banned} v1.0.0\n"),
            ));
            assert!(finding.what.contains("--no-default-features"), "{finding}");
        }
    }

    #[test]
    fn a_provider_has_no_other() {
        let tree = Tree::in_order();
        tree.write(
            "crates/providers/xai/Cargo.toml",
            "[package]\nname = 'trunkline-xai'\n",
        );
        let output = "trunkline-groq v0.1.0\ntrunkline-xai v0.1.0\n";
        assert!(
            only(broken(&tree, "trunkline-groq", output))
                .what
                .starts_with("depends on trunkline-xai")
        );
    }

    #[test]
    fn a_published_crate_has_no_test_crate_and_the_testkit_may_be_itself() {
        for banned in TEST_CRATES {
            let found = broken(
                &Tree::in_order(),
                "trunkline-groq",
                &format!("{banned} v0.1.0\n"),
            );
            assert!(
                only(found)
                    .what
                    .contains("test crates are dev-dependencies")
            );
        }
        assert_eq!(
            broken(
                &Tree::in_order(),
                "trunkline-testkit",
                "trunkline-testkit v0.1.0\n"
            ),
            []
        );
        assert_eq!(
            broken(&Tree::in_order(), "xtask", "trunkline-testkit v0.1.0\n"),
            []
        );
    }

    #[test]
    fn the_facade_has_no_provider_by_default() {
        assert!(
            only(broken(
                &Tree::in_order(),
                "trunkline",
                "trunkline-groq v0.1.0\n"
            ))
            .what
            .contains("with its feature only")
        );
    }

    #[test]
    fn one_provider_may_weigh_so_much_and_no_more() {
        let workspace = Tree::in_order().workspace();
        let groq = workspace.package(WEIGHED).unwrap();
        let output = |count: usize| {
            (0..count)
                .map(|n| format!("p{n} v1.0.0\np{n} v1.0.0 (*)\n"))
                .collect::<String>()
        };
        assert_eq!(weigh(groq, &Packages::parse(&output(MOST_PACKAGES))), None);
        let finding = weigh(groq, &Packages::parse(&output(MOST_PACKAGES + 1))).unwrap();
        assert!(
            finding.what.starts_with("76 packages, at most 75"),
            "{finding}"
        );
    }
}

//! What the scaffolder promises, on small workspaces with the real templates.

use std::{collections::BTreeMap, process::Command};

use super::{plan::Plan, spec::Spec, *};
use crate::trees::Tree;

/// A workspace that has the templates.
fn tree() -> Tree {
    let tree = Tree::in_order();
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    tree.copy(&templates, "xtask/templates");
    tree.write(
        "CHANGELOG.md",
        "# Changelog\n\n## Unreleased\n\n### a 0.1.0\n\n- a\n\n## a 0.0.1\n",
    );
    tree
}

fn wanted(name: &str) -> Wanted {
    Wanted {
        name: Some(name.to_owned()),
        base_url: Some("https://api.acme.dev/openai/v1".to_owned()),
        ..Wanted::default()
    }
}

fn plan(tree: &Tree, wanted: &Wanted) -> Result<Plan> {
    Plan::of(&tree.workspace(), &Spec::of(wanted)?)
}

fn created(tree: &Tree, wanted: &Wanted) -> BTreeMap<String, String> {
    let plan = plan(tree, wanted).unwrap();
    let files = plan.created().iter();
    files
        .map(|(path, text)| (path.display().to_string(), text.clone()))
        .collect()
}

#[test]
fn f136_a_name_that_leads_elsewhere_is_refused_and_nothing_is_written() {
    let long = "x".repeat(300);
    for name in [
        "../../x",
        "..",
        ".",
        "/etc",
        "a/b",
        "a\\b",
        "foo\"; evil",
        "fn",
        "self",
        "con",
        "nul",
        "com1",
        "lpt9",
        "{{x}}",
        "a\nb",
        "a b",
        "",
        "-",
        "a-",
        "-a",
        "a--b",
        "1a",
        "Acme",
        "ACME",
        "ácme",
        "a_b",
        "a.b",
        "a\0b",
        "full",
        "hyper",
        "core",
        "a",
        &long,
    ] {
        let tree = tree();
        let before = tree.everything();
        let error = run(&tree.workspace().root, &wanted(name))
            .unwrap_err()
            .to_string();
        assert_eq!(tree.everything(), before, "{name:?}");
        assert!(!error.contains('\n') && error.len() < 300, "{error}");
    }
}

#[test]
fn f137_texts_are_values_and_never_code() {
    let evil = r##"*/ " ' ` #![deny(x)] \ ${y} {{z}} // [chat] </p> \u{0} ]]"##;
    let tree = tree();
    let with = Wanted {
        description: Some(evil.to_owned()),
        ..wanted("acme")
    };
    let (plain, evil_files) = (created(&tree, &wanted("acme")), created(&tree, &with));
    for (path, text) in &evil_files {
        let differs = plain.get(path) != Some(text);
        assert_eq!(differs, path.ends_with("/Cargo.toml"), "{path}");
    }
    let manifest = &evil_files["crates/providers/acme/Cargo.toml"];
    let manifest: toml_edit::DocumentMut = manifest.parse().unwrap();
    assert_eq!(manifest["package"]["description"].as_str(), Some(evil));

    let refused = |change: fn(&mut Wanted, String), text: &str| {
        let mut with = wanted("acme");
        change(&mut with, text.to_owned());
        let error = plan(&tree, &with).unwrap_err().to_string();
        assert!(!error.contains("evil"), "{error}");
    };
    for text in [
        evil, "a\"evil", "a`evil", "evil\n", "*/evil", "#![evil]", "<evil>",
    ] {
        refused(|with, text| with.title = Some(text), text);
        refused(|with, text| with.model = Some(text), text);
        refused(|with, text| with.key_env = Some(text), text);
        refused(
            |with, text| with.base_url = Some(format!("https://{text}")),
            text,
        );
    }
    refused(|with, text| with.description = Some(text), "evil\nevil");
}

#[test]
fn the_type_is_spelled_as_the_title_where_that_is_the_same_name() {
    for (name, title, expected) in [
        ("deepseek", "DeepSeek", "DeepSeek"),
        ("acme-cloud", "ACME Cloud", "ACMECloud"),
        ("xai", "xAI", "Xai"),
        ("moonshot", "Moonshot AI", "Moonshot"),
    ] {
        let mut with = wanted(name);
        with.title = Some(title.to_owned());
        assert_eq!(Spec::of(&with).unwrap().type_name(), expected, "{title}");
    }
}

#[test]
fn a_base_url_is_where_a_key_may_go() {
    let tree = tree();
    for url in [
        "api.acme.dev",
        "http://api.acme.dev",
        "ftp://a.b",
        "https://",
        "https://u:p@a.b",
        "https://a.b?key=1",
        "https://a b",
    ] {
        let with = Wanted {
            base_url: Some(url.to_owned()),
            ..wanted("acme")
        };
        assert!(plan(&tree, &with).is_err(), "{url}");
    }
    let local = Wanted {
        base_url: Some("http://localhost:8000/v1".to_owned()),
        ..wanted("acme")
    };
    assert!(plan(&tree, &local).is_ok());
}

#[test]
fn the_crate_has_another_name_everywhere() {
    for protocol in [Protocol::OpenaiCompat, Protocol::Native] {
        let tree = tree();
        let with = Wanted {
            protocol: Some(protocol),
            ops: Some(vec!["chat".into(), "embed".into(), "models".into()]),
            ..wanted("acme-cloud")
        };
        let files = created(&tree, &with);
        for (path, text) in &files {
            for old in [
                "parley",
                "Parley",
                "PARLEY",
                "babel",
                "Babel",
                "BABEL",
                "[chat]",
                "[embed]",
                "[template]",
                "//=",
            ] {
                assert!(
                    !text.contains(old) && !path.contains(old),
                    "{path} has {old}"
                );
            }
        }
        let lib = &files["crates/providers/acme-cloud/src/lib.rs"];
        assert!(lib.contains("pub type AcmeCloud = Account<Api>;"), "{lib}");
        assert!(
            lib.contains("ProviderDef::of::<Api>(\"acme-cloud\", \"ACME_CLOUD\")"),
            "{lib}"
        );
        assert!(
            lib.contains(".base_url(\"https://api.acme.dev/openai/v1\")"),
            "{lib}"
        );
        assert!(
            files["crates/providers/acme-cloud/tests/conformance.rs"]
                .contains("trunkline_acme_cloud::Api")
        );
        assert!(
            files["crates/providers/acme-cloud/fixtures/chat/request.json"]
                .contains("\"path\": \"/openai/v1/")
        );
        assert!(files.contains_key("examples/acme-cloud.rs"));
    }
}

#[test]
fn what_was_not_asked_for_is_cut_out() {
    for protocol in [Protocol::OpenaiCompat, Protocol::Native] {
        let tree = tree();
        let files = created(
            &tree,
            &Wanted {
                protocol: Some(protocol),
                ops: Some(vec!["embed".into()]),
                ..wanted("acme")
            },
        );
        let all: String = files.values().map(String::as_str).collect();
        assert!(
            !all.contains(".stream()") && !all.contains("list_models") && all.contains(".embed()")
        );
        assert!(
            !files
                .keys()
                .any(|path| path.contains("stream") || path.contains("/models"))
        );
        // It is refused as it embeds.
        let error = &files["crates/providers/acme/fixtures/error_auth/call.json"];
        assert_eq!(
            error,
            &files["crates/providers/acme/fixtures/embed/call.json"]
        );

        let files = created(
            &tree,
            &Wanted {
                protocol: Some(protocol),
                ops: Some(vec!["chat".into()]),
                ..wanted("acme")
            },
        );
        let all: String = files.values().map(String::as_str).collect();
        assert!(!all.contains(".embed(") && !files.keys().any(|path| path.contains("embed")));
    }
    for ops in [&["models"][..], &["raw"], &["sing"], &[""]] {
        let ops = ops.iter().map(|op| (*op).to_owned()).collect();
        let error = plan(
            &tree(),
            &Wanted {
                ops: Some(ops),
                ..wanted("acme")
            },
        )
        .unwrap_err();
        assert!(error.to_string().contains("embed"), "{error}");
    }
}

#[test]
fn a_key_with_a_name_of_its_own_is_read_under_both() {
    let files = created(
        &tree(),
        &Wanted {
            key_env: Some("AC_TOKEN".to_owned()),
            ..wanted("acme")
        },
    );
    let lib = &files["crates/providers/acme/src/lib.rs"];
    assert!(
        lib.contains(".variables(&[(\"API_KEY\", \"AC_TOKEN\")])") && lib.contains("\"ACME\""),
        "{lib}"
    );
}

#[test]
fn every_list_has_it_and_the_changelog_tells() {
    let tree = tree();
    let plan = plan(&tree, &wanted("acme")).unwrap();
    plan.write(&tree.workspace().root).unwrap();
    assert_eq!(crate::backends::stale(&tree.workspace()).unwrap(), []);
    for path in [
        "Cargo.toml",
        "README.md",
        "docs/backends.md",
        "crates/trunkline/Cargo.toml",
        "crates/trunkline/src/lib.rs",
    ] {
        assert!(tree.read(path).contains("acme"), "{path}");
    }
    assert_eq!(
        tree.read("CHANGELOG.md"),
        "# Changelog\n\n## Unreleased\n\n### a 0.1.0\n\n- a\n\n### trunkline-acme 0.1.0\n\n- Acme: chat, models.\n\n## a 0.0.1\n"
    );
}

#[test]
fn what_exists_is_not_overwritten() {
    let tree = tree();
    let error = plan(&tree, &wanted("groq")).unwrap_err().to_string();
    assert!(error.contains("trunkline-groq exists"), "{error}");

    tree.write("examples/acme.rs", "fn main() {}");
    let error = plan(&tree, &wanted("acme")).unwrap_err().to_string();
    assert!(error.contains("examples/acme.rs exists"), "{error}");
}

#[test]
fn a_failure_leaves_all_as_it_was() {
    let tree = tree();
    let before = tree.everything();
    let root = tree.workspace().root;
    let plan = plan(&tree, &wanted("acme")).unwrap();
    plan.write(&root).unwrap().undo();
    assert_eq!(tree.everything(), before);

    // A file that appears between the plan and its writing.
    tree.write("crates/providers/acme/README.md", "mine");
    let before = tree.everything();
    assert!(plan.write(&root).is_err());
    assert_eq!(tree.everything(), before);
}

#[test]
fn only_changes_to_files_that_it_edits_are_an_obstacle() {
    let tree = tree();
    let root = tree.workspace().root;
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .args(["-c", "user.name=t", "-c", "user.email=t@t"])
            .args(arguments)
            .current_dir(&root);
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    };
    let plan = plan(&tree, &wanted("acme")).unwrap();
    assert!(
        plan.refuse_dirty(&root)
            .unwrap_err()
            .to_string()
            .contains("--allow-dirty")
    );
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "all"]);
    tree.append("crates/core/src/lib.rs", "// mine\n");
    plan.refuse_dirty(&root).unwrap();
    tree.append("CHANGELOG.md", "mine\n");
    let error = plan.refuse_dirty(&root).unwrap_err().to_string();
    assert!(
        error.contains("CHANGELOG.md") && !error.contains("core"),
        "{error}"
    );
}

#[test]
fn a_checkout_without_templates_is_told() {
    let tree = Tree::in_order();
    tree.write("CHANGELOG.md", "## Unreleased\n");
    let error = format!("{:#}", plan(&tree, &wanted("acme")).unwrap_err());
    assert!(
        error.contains("templates") && error.contains("whole checkout"),
        "{error}"
    );
}

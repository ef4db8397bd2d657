//! `release outside`: one crate's archive, used by a project that knows nothing of this workspace.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{
    archive,
    git::Git,
    lot::{archive_of, lot, package},
    members::{Member, Members},
    progress::{count, step},
    scratch::{Places, Scratch},
};
use crate::workspace::{Role, Workspace};

/// Packages what is needed, without compiling the archives, and builds a project for each crate.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    let members = Members::of(workspace)?;
    let lot = lot(workspace, &Git::at(&workspace.root)?, &members, names)?;
    step(format!("package {}", count(lot.len(), "crate")), || {
        package(&workspace.root, &lot)
    })?;
    for member in members.chosen(names)? {
        build(workspace, &members, &lot, member)?;
    }
    println!("release outside: ok");
    Ok(())
}

/// Unpacks the lot and builds a program that depends on one crate of it.
pub(crate) fn build(
    workspace: &Workspace,
    members: &Members<'_>,
    lot: &[&Member<'_>],
    member: &Member<'_>,
) -> Result<()> {
    let name = member.name();
    let scratch = Scratch::new(&workspace.root, "outside")?;
    let mut places = Places::new();
    for needed in members.with_needs([name]) {
        // What the registry has as it is here comes from there.
        if lot.iter().any(|packaged| packaged.name() == needed.name()) {
            archive::unpack(&archive_of(&workspace.root, needed), scratch.folder())?;
            places.insert(
                needed.name().to_owned(),
                scratch.folder().join(needed.stem()),
            );
        }
    }
    let path = scratch.folder().join(member.stem());
    let project = scratch.project("outside", (name, &path), &places, &program(member))?;
    step(format!("a project with {name} alone"), || {
        scratch.cargo(&project, "build").run(|_| {})?;
        alone(workspace, &scratch, &project, name)
    })
}

/// No provider but the one that was asked for.
fn alone(workspace: &Workspace, scratch: &Scratch, project: &Path, name: &str) -> Result<()> {
    let tree = scratch
        .cargo(project, "tree -e normal,build --prefix none")
        .tree()?;
    let strangers = strangers(workspace, tree.names(), name);
    ensure!(
        strangers.is_empty(),
        "a project with {name} alone also has {}; `cargo tree -i {}` in {} shows the way",
        strangers.join(", "),
        strangers.first().copied().unwrap_or_default(),
        project.display()
    );
    Ok(())
}

fn strangers<'t>(
    workspace: &Workspace,
    tree: impl Iterator<Item = &'t str>,
    name: &str,
) -> Vec<&'t str> {
    let is_provider = |other: &str| {
        workspace
            .package(other)
            .is_some_and(|package| package.role == Role::Provider)
    };
    tree.filter(|other| *other != name && is_provider(other))
        .collect()
}

/// A provider's prelude is enough for a program; of another crate only the name is known.
fn program(member: &Member<'_>) -> String {
    let library = member.name().replace('-', "_");
    match member.package.role {
        Role::Provider => format!(
            "use {library}::prelude::*;\n\nasync fn ask(model: &Model) -> Result<String> {{\n    \
             Ok(model.chat(\"Why?\").await?.text())\n}}\n\nfn main() {{\n    let _ = ask;\n}}\n"
        ),
        _ => format!("use {library} as _;\n\nfn main() {{}}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn another_provider_is_a_stranger_and_a_protocol_is_none() {
        let tree = Tree::in_order();
        tree.write(
            "crates/providers/xai/Cargo.toml",
            "[package]\nname = 'trunkline-xai'\n",
        );
        let workspace = tree.workspace();
        let packages = [
            "outside",
            "trunkline-groq",
            "trunkline-core",
            "trunkline-xai",
            "serde",
        ];
        let found = strangers(&workspace, packages.into_iter(), "trunkline-groq");
        assert_eq!(found, ["trunkline-xai"]);
    }

    #[test]
    fn the_program_uses_a_providers_prelude() {
        let workspace = Tree::in_order().workspace();
        let members = Members::of(&workspace).unwrap();
        let of = |name: &str| program(members.named(name).unwrap());
        assert!(of("trunkline-groq").starts_with("use trunkline_groq::prelude::*;"));
        assert!(of("trunkline-core").starts_with("use trunkline_core as _;"));
    }
}

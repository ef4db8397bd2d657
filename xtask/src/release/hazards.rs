//! `release hazards`: what is published, with what is not yet: published crates on this core, and these on the published.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{
    archive,
    check::archive_of,
    git::Git,
    members::{Member, Members},
    progress::{Lap, table},
    scratch::{Places, Scratch, without_paths},
    version::Version,
};
use crate::{finding::Finding, manifest::Manifest, workspace::Workspace};

const CORE: &str = "trunkline-core";
const PROGRAM: &str = "fn main() {}\n";

/// One version of a crate, from the registry's point of view: it finds others by version.
#[derive(Debug)]
struct Edition {
    version: Version,
    folder: PathBuf,
    /// The least version of core that it asks for.
    core: Option<Version>,
    /// `trunkline-groq-v0.1.0`, or `target/package/…`
    source: String,
}

pub(crate) fn run(workspace: &Workspace) -> Result<Vec<Finding>> {
    let members = Members::of(workspace)?;
    members.named(CORE)?;
    let scratch = Scratch::new(&workspace.root, "hazards")?;
    let git = Git::at(&workspace.root)?;
    let here = scratch.folder().join("here");
    git.export_checkout(&here)?;
    without_paths(&here, folders(&members))?;

    let mut published = Vec::new();
    for member in members.iter() {
        published.extend(
            newest(workspace, &git, &scratch, &members, member)?.map(|edition| (member, edition)),
        );
    }
    introduce(&members, &published);
    if published.is_empty() {
        return Ok(Vec::new());
    }
    let trial = Trial {
        workspace,
        members: &members,
        scratch: &scratch,
        here,
        published,
    };
    let mut findings = trial.published_on_this_core()?;
    findings.extend(trial.these_on_the_published_core()?);
    Ok(findings)
}

fn folders<'a>(members: &Members<'a>) -> Vec<&'a Path> {
    members
        .iter()
        .map(|member| member.package.folder.as_path())
        .collect()
}

/// What stands for the registry as long as there is none: the newest tag, else the last archive.
fn newest(
    workspace: &Workspace,
    git: &Git,
    scratch: &Scratch,
    members: &Members<'_>,
    member: &Member<'_>,
) -> Result<Option<Edition>> {
    if let Some(version) = git.newest(&member.tag_prefix())? {
        let tag = format!("{}{version}", member.tag_prefix());
        let checkout = scratch.folder().join(&tag);
        git.export(&tag, &checkout)?;
        // A crate that has moved or come since is not there, and not needed.
        let there = folders(members);
        without_paths(
            &checkout,
            there
                .into_iter()
                .filter(|folder| checkout.join(folder).join("Cargo.toml").is_file()),
        )?;
        let folder = checkout.join(&member.package.folder);
        return edition(&checkout, folder, tag).map(Some);
    }
    let file = archive_of(&workspace.root, member);
    if !file.is_file() {
        return Ok(None);
    }
    archive::unpack(&file, scratch.folder())?;
    let folder = scratch.folder().join(member.stem());
    edition(
        &folder,
        folder.clone(),
        format!("target/package/{}.crate", member.stem()),
    )
    .map(Some)
}

fn edition(root: &Path, folder: PathBuf, source: String) -> Result<Edition> {
    let read = |folder: &Path| -> Result<Manifest> {
        let path = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&path);
        Manifest::parse(
            &path,
            text.with_context(|| format!("{source} has no {}", path.display()))?,
        )
    };
    let (root, manifest) = (read(root)?, read(&folder)?);
    let version = manifest
        .text(&["package", "version"])
        .and_then(Version::parse);
    let own = manifest.get(&["dependencies", CORE]).map(|_| {
        let inherited = ["workspace", "dependencies", CORE, "version"];
        let own = manifest.text(&["dependencies", CORE, "version"]);
        own.or_else(|| root.text(&inherited)).unwrap_or_default()
    });
    Ok(Edition {
        version: version.with_context(|| format!("{source} has no version"))?,
        core: own.and_then(Version::parse),
        folder,
        source,
    })
}

fn introduce(members: &Members<'_>, published: &[(&Member<'_>, Edition)]) {
    let missing: Vec<&str> = members
        .iter()
        .map(Member::name)
        .filter(|name| !published.iter().any(|(member, _)| member.name() == *name))
        .collect();
    if published.is_empty() {
        println!(
            "Nothing to compare with: no crate has a tag, and target/package has no archive.\n\
             Next: `cargo xtask release check` makes archives; publishing makes tags (docs/releasing.md)."
        );
        return;
    }
    println!("What counts as published, for lack of a registry:\n");
    let rows: Vec<Vec<String>> = published
        .iter()
        .map(|(member, edition)| {
            vec![
                member.name().to_owned(),
                edition.version.to_string(),
                edition.source.clone(),
            ]
        })
        .collect();
    print!("{}", table(&rows));
    if !missing.is_empty() {
        println!(
            "\nNot compared, for lack of tag and archive: {}.",
            missing.join(", ")
        );
    }
    println!();
}

/// This checkout and what is published, beside each other.
struct Trial<'t, 'a> {
    workspace: &'t Workspace,
    members: &'t Members<'a>,
    scratch: &'t Scratch,
    here: PathBuf,
    published: Vec<(&'t Member<'a>, Edition)>,
}

impl Trial<'_, '_> {
    /// What a user gets who updates core, and nothing else.
    fn published_on_this_core(&self) -> Result<Vec<Finding>> {
        let core = self.members.named(CORE)?;
        let mut places = self.places_of_published();
        places.extend(self.core_here());
        let mut findings = Vec::new();
        for (member, edition) in self
            .published
            .iter()
            .filter(|(member, _)| self.stands_on_core(member))
        {
            let what = format!(
                "{} {} on this core {}",
                member.name(),
                edition.version,
                core.version
            );
            if let Some(asked) = edition
                .core
                .as_ref()
                .filter(|asked| !asked.accepts(&core.version))
            {
                println!("  {what:<60} apart: it asks for ^{asked}");
                continue;
            }
            if let Some(error) = self.compile(&what, member, &edition.folder, &places)? {
                let advice =
                    "the change is breaking: give core a minor of its own, or take it back";
                findings.push(core.package.manifest.finding(
                    &["package", "version"],
                    format!("{what} does not compile; {advice}\n{error}"),
                ));
            }
        }
        Ok(findings)
    }

    /// What a user gets who updates a provider, and nothing else.
    fn these_on_the_published_core(&self) -> Result<Vec<Finding>> {
        let Some((_, core)) = self
            .published
            .iter()
            .find(|(member, _)| member.name() == CORE)
        else {
            println!("  these crates on the published core: left out, no core is published");
            return Ok(Vec::new());
        };
        let at = ["workspace", "dependencies", CORE, "version"];
        let asked = self.workspace.manifest.text(&at).and_then(Version::parse);
        if let Some(asked) = asked.filter(|asked| !asked.accepts(&core.version)) {
            println!(
                "  these crates ask for core ^{asked}, {} is published: publish core first",
                core.version
            );
            return Ok(Vec::new());
        }
        let here = self
            .members
            .iter()
            .map(|member| (member.name().to_owned(), self.path_here(member)));
        let mut places: Places = here.collect();
        let below: Vec<String> = self.core_here().into_keys().collect();
        places.extend(
            self.places_of_published()
                .into_iter()
                .filter(|(name, _)| below.contains(name)),
        );
        let mut findings = Vec::new();
        for member in self
            .members
            .iter()
            .filter(|member| self.stands_on_core(member))
        {
            let what = format!("this {} on core {}", member.name(), core.version);
            if let Some(error) = self.compile(&what, member, &self.path_here(member), &places)? {
                let advice = "raise the version that Cargo.toml asks of core to the one that has what is used";
                findings.push(
                    self.workspace
                        .manifest
                        .finding(&at, format!("{what} does not compile; {advice}\n{error}")),
                );
            }
        }
        Ok(findings)
    }

    /// The words of the compiler if it refuses.
    fn compile(
        &self,
        what: &str,
        member: &Member<'_>,
        path: &Path,
        places: &Places,
    ) -> Result<Option<String>> {
        let project = self
            .scratch
            .project("trial", (member.name(), path), places, PROGRAM)?;
        let lap = Lap::begin(what);
        let result = self.scratch.cargo(&project, "check").run(|_| {});
        lap.end(result.is_ok());
        Ok(result.err().map(|error| error.to_string()))
    }

    fn stands_on_core(&self, member: &Member<'_>) -> bool {
        member.needs.contains(&CORE)
    }

    fn path_here(&self, member: &Member<'_>) -> PathBuf {
        self.here.join(&member.package.folder)
    }

    /// Core and what it needs, as they are here.
    fn core_here(&self) -> Places {
        let below = self.members.with_needs([CORE]);
        below
            .iter()
            .map(|member| (member.name().to_owned(), self.path_here(member)))
            .collect()
    }

    fn places_of_published(&self) -> Places {
        let all = self.published.iter();
        all.map(|(member, edition)| (member.name().to_owned(), edition.folder.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{release::git::tests::Repository, trees::Tree};

    const LIB: &str = "crates/core/src/lib.rs";
    const GROQ: &str = "crates/providers/groq/src/lib.rs";

    /// A core with one function, and a provider that calls it. Neither needs the registry.
    fn repository() -> Repository {
        let tree = Tree::in_order();
        tree.append(
            "Cargo.toml",
            "[workspace.package]\nlicense = 'MIT'\nrust-version = '1.88'\n[workspace.lints]\n",
        );
        for folder in ["core", "testkit", "trunkline", "providers/groq"] {
            let manifest = format!("crates/{folder}/Cargo.toml");
            tree.replace(&manifest, "[package]\n", "[package]\nedition = '2024'\n");
            tree.write(&format!("crates/{folder}/src/lib.rs"), "");
        }
        let groq = "crates/providers/groq/Cargo.toml";
        tree.replace(groq, "\"trunkline-http/hyper\"", "");
        tree.write(LIB, "pub fn ask() {}\n");
        tree.write(GROQ, "pub fn chat() { trunkline_core::ask() }\n");
        Repository::of(tree)
    }

    fn hazards(repository: &Repository) -> Vec<String> {
        let found = run(&repository.workspace()).unwrap();
        let scratch = Scratch::new(&repository.root, "hazards").unwrap();
        std::fs::remove_dir_all(scratch.folder()).unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_tags_and_archives_there_is_nothing_to_compare_with() {
        assert_eq!(hazards(&repository()), [""; 0]);
    }

    #[test]
    fn a_published_provider_that_a_changed_core_breaks_is_found() {
        let repository = repository();
        repository.tag("trunkline-core-v0.1.0");
        repository.tag("trunkline-groq-v0.1.0");
        assert_eq!(hazards(&repository), [""; 0]);

        repository.tree.write(LIB, "pub fn ask(_: u8) {}\n");
        repository
            .tree
            .write(GROQ, "pub fn chat() { trunkline_core::ask(1) }\n");
        let found = hazards(&repository);
        assert_eq!(found.len(), 2, "{found:#?}");
        let [these, published] = [0, 1].map(|at| found.iter().rev().nth(at).unwrap());
        assert!(
            published.contains(
                "trunkline-groq 0.1.0 on this core 0.1.0 does not compile; the change is breaking"
            ),
            "{published}"
        );
        assert!(
            these.contains("this trunkline-groq on core 0.1.0 does not compile; raise the version"),
            "{these}"
        );

        // With a minor of its own core leaves the published provider alone, and is to be published first.
        repository.tree.replace(
            "crates/core/Cargo.toml",
            "version = \"0.1.0\"",
            "version = \"0.2.0\"",
        );
        repository.tree.replace(
            "Cargo.toml",
            "crates/core\", version = \"0.1.0\"",
            "crates/core\", version = \"0.2.0\"",
        );
        assert_eq!(hazards(&repository), [""; 0]);
    }

    #[test]
    fn a_provider_that_uses_what_no_published_core_has_is_found() {
        let repository = repository();
        repository.tag("trunkline-core-v0.1.0");
        repository.tree.append(LIB, "pub fn embed() {}\n");
        repository
            .tree
            .write(GROQ, "pub fn chat() { trunkline_core::embed() }\n");
        let found = hazards(&repository);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0].starts_with("Cargo.toml:")
                && found[0].contains("this trunkline-groq on core 0.1.0"),
            "{found:#?}"
        );
    }
}

//! `release hazards`: what is published, with what is not yet: published crates on this core, and these on the published.

mod edition;

use std::path::{Path, PathBuf};

use anyhow::Result;

use self::edition::{Edition, folders, newest};
use super::{
    git::Git,
    members::{Member, Members},
    progress::{Lap, table},
    scratch::{Places, Scratch, without_paths},
    version::Version,
};
use crate::{finding::Finding, workspace::Workspace};

const CORE: &str = "trunkline-core";
const PROGRAM: &str = "fn main() {}\n";

/// `None` where there was nothing to compare with, which is no good news.
pub(crate) fn run(workspace: &Workspace) -> Result<Option<Vec<Finding>>> {
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
        return Ok(None);
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
    Ok(Some(findings))
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
mod tests;

//! One published version of a crate, as a registry would hand it out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::CORE;
use crate::{
    manifest::Manifest,
    release::{
        archive,
        git::Git,
        lot::archive_of,
        members::{Member, Members},
        scratch::{Scratch, without_paths},
        version::Version,
    },
    workspace::Workspace,
};

/// One version of a crate, from the registry's point of view: it finds others by version.
#[derive(Debug)]
pub(super) struct Edition {
    pub(super) version: Version,
    pub(super) folder: PathBuf,
    /// The least version of core that it asks for.
    pub(super) core: Option<Version>,
    /// `trunkline-groq-v0.1.0`, or `target/package/…`
    pub(super) source: String,
}

/// What stands for the registry as long as there is none: the newest tag, else the last archive.
pub(super) fn newest(
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
        let text = fs::read_to_string(&path);
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

pub(super) fn folders<'a>(members: &Members<'a>) -> Vec<&'a Path> {
    members
        .iter()
        .map(|member| member.package.folder.as_path())
        .collect()
}

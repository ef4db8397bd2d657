//! A tag names one crate and its version.

use anyhow::{Context, Result, ensure};

use super::members::{Member, Members};

/// The crate that a tag releases, if its manifest agrees.
pub(crate) fn member<'m, 'a>(members: &'m Members<'a>, tag: &str) -> Result<&'m Member<'a>> {
    let (name, version) = tag.rsplit_once("-v").with_context(|| {
        format!("{tag} is no release tag; they look like trunkline-groq-v0.2.1")
    })?;
    let member = members.named(name)?;
    ensure!(
        member.version.to_string() == version,
        "{tag} does not fit: {}/Cargo.toml has version {}; set the tag on the commit that has {version}",
        member.package.folder.display(),
        member.version
    );
    Ok(member)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn tag_and_manifest_agree_or_it_is_told() {
        let workspace = Tree::in_order().workspace();
        let members = Members::of(&workspace).unwrap();
        assert_eq!(
            member(&members, "trunkline-groq-v0.1.0").unwrap().name(),
            "trunkline-groq"
        );
        for (tag, told) in [
            (
                "trunkline-groq-v0.1.1",
                "crates/providers/groq/Cargo.toml has version 0.1.0",
            ),
            ("v0.1.0", "is no release tag"),
            (
                "trunkline-grok-v0.1.0",
                "no crate trunkline-grok is published here",
            ),
        ] {
            let error = member(&members, tag).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}

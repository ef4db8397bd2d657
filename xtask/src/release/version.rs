//! Versions as cargo reads them, and which one follows a change.

use std::fmt;

/// A version without build metadata. Ordered as cargo orders them: a pre-release is before its release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    numbers: [u64; 3],
    is_final: bool,
    pre: String,
}

/// What a change asks of those who use the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// Nothing but what was there.
    Fix,
    /// Something new beside what was there.
    Addition,
    /// Something that was there is gone or different.
    Breaking,
}

impl Version {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.split('+').next()?;
        let (core, pre) = match text.split_once('-') {
            Some((_, "")) => return None,
            Some((core, pre)) => (core, pre),
            None => (text, ""),
        };
        let parts: Vec<u64> = core
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?;
        Some(Self {
            numbers: parts.try_into().ok()?,
            is_final: pre.is_empty(),
            pre: pre.to_owned(),
        })
    }

    /// The least version that may hold the change: before 1.0 a breaking change is a minor, all else a patch.
    pub(crate) fn after(&self, change: Change) -> Self {
        let [major, minor, patch] = self.numbers;
        let numbers = match (major, change) {
            (0, Change::Breaking) | (1.., Change::Addition) => [major, minor + 1, 0],
            (1.., Change::Breaking) => [major + 1, 0, 0],
            _ => [major, minor, patch + 1],
        };
        Self {
            numbers,
            is_final: true,
            pre: String::new(),
        }
    }

    /// Whether `^self` takes the other: what cargo means by a plain requirement.
    pub(crate) fn accepts(&self, other: &Self) -> bool {
        let kept = match self.numbers {
            [0, 0, _] => 3,
            [0, ..] => 2,
            _ => 1,
        };
        self.numbers
            .iter()
            .take(kept)
            .eq(other.numbers.iter().take(kept))
            && self <= other
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        let dash = if self.is_final { "" } else { "-" };
        f.pad(&format!("{major}.{minor}.{patch}{dash}{}", self.pre))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Change::Fix => "fix",
            Change::Addition => "addition",
            Change::Breaking => "breaking",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_are_ordered_by_number_and_a_pre_release_is_before_its_release() {
        for (less, more) in [
            ("0.9.0", "0.10.0"),
            ("0.1.9", "0.1.10"),
            ("1.0.0-alpha.1", "1.0.0"),
            ("0.9.9", "1.0.0-alpha.1"),
        ] {
            assert!(version(less) < version(more), "{less} < {more}");
        }
        for wrong in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.3-"] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
        assert_eq!(version("1.2.3-rc.1+build").to_string(), "1.2.3-rc.1");
    }

    #[test]
    fn before_one_a_breaking_change_is_a_minor_and_all_else_a_patch() {
        for (from, change, to) in [
            ("0.1.2", Change::Fix, "0.1.3"),
            ("0.1.2", Change::Addition, "0.1.3"),
            ("0.1.2", Change::Breaking, "0.2.0"),
            ("1.1.2", Change::Fix, "1.1.3"),
            ("1.1.2", Change::Addition, "1.2.0"),
            ("1.1.2", Change::Breaking, "2.0.0"),
        ] {
            assert_eq!(
                version(from).after(change).to_string(),
                to,
                "{from} {change}"
            );
        }
    }

    #[test]
    fn a_requirement_takes_what_cargo_takes() {
        for (least, other, taken) in [
            ("0.1.1", "0.1.1", true),
            ("0.1.1", "0.1.9", true),
            ("0.1.1", "0.1.0", false),
            ("0.1.1", "0.2.0", false),
            ("1.2.0", "1.9.0", true),
            ("1.2.0", "2.0.0", false),
            ("0.0.1", "0.0.2", false),
        ] {
            assert_eq!(
                version(least).accepts(&version(other)),
                taken,
                "^{least} {other}"
            );
        }
    }
}

//! What is known of a model by its name: the wire is the same for all, what they take is not.
//!
//! <https://platform.claude.com/docs/en/about-claude/models/overview>, the migration guides beside it,
//! and <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>.

/// A model, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claude {
    family: Family,
    /// 407 is version 4.7. A name without any is taken for the newest.
    version: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Opus,
    Sonnet,
    Haiku,
    /// Fable and Mythos, and families to come.
    Newer,
    /// Another model behind the same wire.
    Foreign,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinks {
    Never,
    /// By a number of tokens.
    Budget,
    /// By degrees; a number of tokens is known too, though it will go.
    Both,
    /// By degrees alone.
    Adaptive,
}

/// How a model is told not to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Off {
    /// It does not unless it is told to.
    Unasked,
    Disabled,
    /// Before it answers it need not, between calls of tools it does.
    BetweenTools,
    Never,
}

impl Claude {
    pub(crate) fn named(model: &str) -> Self {
        let Some((_, rest)) = model.split_once("claude-") else {
            return Self {
                family: Family::Foreign,
                version: 405,
            };
        };
        let mut family = Family::Newer;
        let mut numbers = Vec::new();
        for word in rest.split(['-', '@', '.', ':']) {
            match word {
                "opus" => family = Family::Opus,
                "sonnet" => family = Family::Sonnet,
                "haiku" => family = Family::Haiku,
                // A date is no version.
                _ if word.len() <= 2 => numbers.extend(word.parse::<u32>()),
                _ => {}
            }
        }
        let version = match numbers.as_slice() {
            [] => u32::MAX,
            [major] => major * 100,
            [major, minor, ..] => major * 100 + minor,
        };
        Self { family, version }
    }

    /// The most tokens that it writes.
    pub(crate) fn max_output(self) -> u64 {
        match (self.family, self.version) {
            (Family::Foreign, _) | (_, 0..305) => 4_096,
            (_, 305..307) => 8_192,
            (Family::Opus, 307..405) => 32_000,
            (_, 307..406) => 64_000,
            _ => 128_000,
        }
    }

    pub(crate) fn thinks(self) -> Thinks {
        match self.version {
            0..307 => Thinks::Never,
            307..406 => Thinks::Budget,
            406 => Thinks::Both,
            _ => Thinks::Adaptive,
        }
    }

    pub(crate) fn off(self) -> Off {
        match (self.family, self.version) {
            (_, 0..307 | 407..500) => Off::Unasked,
            (_, 307..407) => Off::Disabled,
            (Family::Opus | Family::Sonnet, 500..505) | (Family::Haiku, _) => Off::Disabled,
            (Family::Sonnet, _) => Off::BetweenTools,
            _ => Off::Never,
        }
    }

    /// Whether `temperature`, `top_p` and `top_k` are more than an error.
    pub(crate) fn samples(self) -> bool {
        self.version < 407
    }

    /// Whether it takes `temperature` or `top_p`, and not both.
    pub(crate) fn samples_by_one(self) -> bool {
        match self.family {
            Family::Foreign => false,
            Family::Opus => self.version >= 401,
            _ => self.version >= 405,
        }
    }

    /// Whether it is another model behind the same wire.
    pub(crate) fn is_foreign(self) -> bool {
        self.family == Family::Foreign
    }

    /// Whether it goes on with the beginning of an answer.
    pub(crate) fn prefills(self) -> bool {
        self.version < 406
    }

    /// Whether it knows the degree between `high` and `max`, and that one.
    pub(crate) fn xhigh(self) -> bool {
        self.version >= 407
    }

    /// Whether instructions may stand amidst the conversation.
    pub(crate) fn mid_system(self) -> bool {
        self.version >= 408
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_a_model_takes() {
        for (name, version, most, thinks, samples) in [
            ("claude-3-haiku-20240307", 300, 4_096, Thinks::Never, true),
            (
                "claude-3-5-sonnet-20241022",
                305,
                8_192,
                Thinks::Never,
                true,
            ),
            (
                "claude-3-7-sonnet-latest",
                307,
                64_000,
                Thinks::Budget,
                true,
            ),
            (
                "claude-sonnet-4-20250514",
                400,
                64_000,
                Thinks::Budget,
                true,
            ),
            (
                "claude-opus-4-1@20250805",
                401,
                32_000,
                Thinks::Budget,
                true,
            ),
            (
                "us.anthropic.claude-haiku-4-5-20251001-v1:0",
                405,
                64_000,
                Thinks::Budget,
                true,
            ),
            ("claude-opus-4-6", 406, 128_000, Thinks::Both, true),
            ("claude-opus-4-7", 407, 128_000, Thinks::Adaptive, false),
            ("claude-sonnet-5", 500, 128_000, Thinks::Adaptive, false),
            ("claude-fable-5-1", 501, 128_000, Thinks::Adaptive, false),
            (
                "claude-mythos-preview",
                u32::MAX,
                128_000,
                Thinks::Adaptive,
                false,
            ),
            ("kimi-k2", 405, 4_096, Thinks::Budget, true),
        ] {
            let model = Claude::named(name);
            assert_eq!(model.version, version, "{name}");
            assert_eq!(model.max_output(), most, "{name}");
            assert_eq!(model.thinks(), thinks, "{name}");
            assert_eq!(model.samples(), samples, "{name}");
        }
    }

    #[test]
    fn not_to_think_is_said_in_four_ways() {
        for (name, off) in [
            ("claude-sonnet-4-5", Off::Disabled),
            ("claude-opus-4-8", Off::Unasked),
            ("claude-opus-5", Off::Disabled),
            ("claude-opus-5-5", Off::Never),
            ("claude-sonnet-5-5", Off::BetweenTools),
            ("claude-haiku-5-5", Off::Disabled),
            ("claude-fable-5", Off::Never),
        ] {
            assert_eq!(Claude::named(name).off(), off, "{name}");
        }
    }
}

//! The one conversation that every scripted server is given, in whatever protocol it speaks.
//!
//! A prompt is recognised by a word that no other has. What a server that has no script says is not
//! known, and only its form is checked.

/// The model that a scripted server has.
pub(crate) const MODEL: &str = "talk";
/// One that no server has.
pub(crate) const NO_MODEL: &str = "no-such-model";
/// The key that servers want, and one that they refuse.
pub(crate) const KEY: &str = "sk-trunkline-lab-0123456789abcdef0123456789abcdef";
pub(crate) const WRONG_KEY: &str = "sk-trunkline-lab-wrong-0123456789abcdef01234567";

/// What a store is asked for with, and its buckets. moto reads the account out of the id.
pub(crate) const S3_KEY: &str = "AKIARZPUZDIKLAB00001";
pub(crate) const S3_SECRET: &str = "a/secret+of/the/lab/00000000000000000000";
pub(crate) const BUCKETS: [&str; 2] = ["lab", "other"];

/// The instructions, which arrive somewhere else in every protocol.
pub(crate) const SYSTEM: &str = "You are a butler.";

/// A prompt, and the words of the answer.
pub(crate) struct Talk {
    pub(crate) prompt: &'static str,
    pub(crate) answer: &'static str,
}

/// Bytes that are cut in the middle of a letter, if anything is.
pub(crate) const GREET: Talk = Talk {
    prompt: "Please greet the général.",
    answer: "Good morning, général! 👋 The weather is fine — “très bien”, as they say.",
};

/// What that costs, in and out.
pub(crate) const GREET_TOKENS: (u64, u64) = (21, 17);

/// Slow enough to see that it comes as it is said.
pub(crate) const SLOW: Talk = Talk {
    prompt: "Count slowly to twelve.",
    answer: "one two three four five six seven eight nine ten eleven twelve",
};

pub(crate) const THINK: Talk = Talk {
    prompt: "Ponder what six times seven is.",
    answer: "It is 42.",
};
pub(crate) const THOUGHT: &str = "Six sevens, or seven sixes: 42 both ways.";

pub(crate) const JSON: Talk = Talk {
    prompt: "Describe Bergen as JSON.",
    answer: r#"{"city":"Bergen","degrees":11}"#,
};

pub(crate) const TOOL: &str = "get_weather";
pub(crate) const TOOLS: Talk = Talk {
    prompt: "Do I need an umbrella in Oslo?",
    answer: "Yes: it rains in Oslo.",
};
pub(crate) const CITY: &str = "Oslo";
pub(crate) const WEATHER: &str = "Rain, 7 degrees.";

/// Two calls of one answer.
pub(crate) const BOTH_PROMPT: &str = "Compare both Oslo and Tromsø for me.";
pub(crate) const CITIES: [&str; 2] = ["Oslo", "Tromsø"];

/// What ends too early.
pub(crate) const CUT: Talk = Talk {
    prompt: "Recite until you are interrupted.",
    answer: "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho \
             sigma tau upsilon phi chi psi omega",
};

/// What fails once and then is answered.
pub(crate) const AGAIN: Talk = Talk {
    prompt: "Stumble once, then answer.",
    answer: "Here I am again.",
};

pub(crate) const RATE_LIMIT: &str = "Say that I ask too often.";
pub(crate) const OVERLOADED: &str = "Say that you are too busy.";
pub(crate) const BROKEN: &str = "Say that you are broken.";
pub(crate) const TOO_LONG: &str = "Say that this is too long.";
/// OpenAI's words for it, which proxies know a full context by.
pub(crate) const TOO_LONG_WORDS: &str = "This model's maximum context length is 8192 tokens. \
    However, your messages resulted in 9000 tokens. Please reduce the length of the messages.";

/// A text whose vector is known.
pub(crate) const EMBEDDED: &str = "the vector that is known";
/// Floats that are exact in binary.
pub(crate) const VECTOR: [f32; 4] = [0.5, -0.25, 0.125, 1.0];
/// Texts whose vectors are not the same.
pub(crate) const TEXTS: [&str; 3] = ["otters eat fish", "a stock market", "rain in Bergen"];

pub(crate) const QUERY: &str = "What do otters eat?";
pub(crate) const DOCUMENTS: [&str; 3] = ["Rain in Bergen.", "Otters eat fish.", "A stock market."];
/// The order that the script gives them, with scores.
pub(crate) const RANKED: [(usize, f64); 3] = [(1, 0.75), (0, 0.25), (2, 0.125)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_prompt_is_a_part_of_another() {
        let talks = [GREET, SLOW, THINK, JSON, TOOLS, CUT, AGAIN];
        let mut prompts = vec![BOTH_PROMPT, RATE_LIMIT, OVERLOADED, BROKEN, TOO_LONG];
        prompts.extend(talks.iter().map(|talk| talk.prompt));
        for (at, prompt) in prompts.iter().enumerate() {
            let mut others = prompts.iter().enumerate().filter(|(other, _)| *other != at);
            assert!(!others.any(|(_, other)| other.contains(prompt)), "{prompt}");
        }
    }
}

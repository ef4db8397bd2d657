//! What a model's name tells: whose it is, and how it wants to be asked to think.
//!
//! Converse is one wire for all models, but for what it passes on to them as it comes. The name may
//! have a region before it, or be in an ARN: `us.anthropic.claude-…`, `arn:…/us.anthropic.claude-…`.

/// Whose model it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Claude that decides by itself how much to think, and takes an effort.
    Claude,
    /// Claude that takes a number of tokens to think with: 4.5 and older.
    OlderClaude,
    Nova,
    GptOss,
    Qwen,
    Other,
}

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html>
const OLDER: [&str; 10] = [
    "claude-v2",
    "claude-instant",
    "claude-3",
    "claude-sonnet-4-2",
    "claude-opus-4-2",
    "claude-opus-4-1",
    "claude-sonnet-4-5",
    "claude-opus-4-5",
    "claude-haiku-4-5",
    "claude-haiku-4-2",
];

/// Those of them that hold an answer to a schema.
///
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>
const STRUCTURED: [&str; 3] = ["claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5"];

pub(crate) fn family(model: &str) -> Family {
    let has = |part: &str| model.contains(part);
    if has("anthropic.claude-") {
        match OLDER.iter().any(|name| has(name)) {
            true => Family::OlderClaude,
            false => Family::Claude,
        }
    } else if has("amazon.nova-") {
        Family::Nova
    } else if has("openai.gpt-oss") {
        Family::GptOss
    } else if has("qwen.") {
        Family::Qwen
    } else {
        Family::Other
    }
}

/// Which of `temperature`, `top_p` and `top_k` a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Samples {
    Freely,
    /// `temperature` and `top_p` not both.
    ByOne,
    Never,
}

/// What Claude takes: one of two since 4.5 and Opus 4.1, and nothing since 4.7.
pub(crate) fn samples(model: &str) -> Samples {
    let by_one = ["-4-5", "-4-6", "claude-opus-4-1"];
    match family(model) {
        Family::Claude | Family::OlderClaude if by_one.iter().any(|it| model.contains(it)) => {
            Samples::ByOne
        }
        Family::Claude => Samples::Never,
        _ => Samples::Freely,
    }
}

/// Whether Claude takes a number of tokens to think with: up to 4.6.
pub(crate) fn takes_budget(model: &str) -> bool {
    family(model) == Family::OlderClaude || model.contains("-4-6")
}

/// Whether an answer is held to a schema by a tool that must be called, since the model refuses
/// `outputConfig.textFormat`. Others that refuse it cannot be made to call one tool either.
pub(crate) fn needs_tool_for_schema(model: &str) -> bool {
    match family(model) {
        Family::Nova => true,
        Family::OlderClaude => !STRUCTURED.iter().any(|name| model.contains(name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_family_wherever_it_stands() {
        for (model, expected) in [
            ("anthropic.claude-opus-4-6-v1", Family::Claude),
            ("global.anthropic.claude-sonnet-4-6", Family::Claude),
            ("anthropic.claude-opus-5", Family::Claude),
            (
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                Family::OlderClaude,
            ),
            (
                "us.anthropic.claude-opus-4-20250514-v1:0",
                Family::OlderClaude,
            ),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-3-7-sonnet-20250219-v1:0",
                Family::OlderClaude,
            ),
            ("us.amazon.nova-2-lite-v1:0", Family::Nova),
            ("openai.gpt-oss-120b-1:0", Family::GptOss),
            ("qwen.qwen3-32b-v1:0", Family::Qwen),
            (
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
                Family::Other,
            ),
        ] {
            assert_eq!(family(model), expected, "{model}");
        }
        assert!(needs_tool_for_schema(
            "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
        ));
        assert!(!needs_tool_for_schema(
            "us.anthropic.claude-haiku-4-5-20251001-v1:0"
        ));
    }
}

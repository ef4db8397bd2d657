//! Counting, cutting and quoting words.

const QUOTED_WORDS: usize = 12;
const QUOTED_CHARS: usize = 200;

/// About as many tokens as a model would count: four for three words.
pub(super) fn tokens(text: &str) -> usize {
    (text.split_whitespace().count() * 4).div_ceil(3)
}

/// As many of the first words as make `max` tokens, at least one.
pub(super) fn first_tokens(text: &str, max: usize) -> String {
    let words = (max.saturating_mul(3) / 4).max(1);
    let kept: String = text.split_inclusive(' ').take(words).collect();
    kept.trim_end().to_owned()
}

/// The beginning of a text, in quotation marks.
pub(super) fn quote(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let start: String = words
        .iter()
        .take(QUOTED_WORDS)
        .copied()
        .collect::<Vec<_>>()
        .join(" ");
    let cut: String = start.chars().take(QUOTED_CHARS).collect();
    let more = words.len() > QUOTED_WORDS || cut.len() < start.len();
    format!("“{cut}{}”", if more { " …" } else { "" })
}

/// The first word that is a name, to judge by its capital letter; not the first of the sentence.
pub(super) fn proper_name(text: &str) -> Option<String> {
    text.split_whitespace()
        .skip(1)
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .find(|word| word.chars().count() > 1 && word.starts_with(char::is_uppercase))
        .map(str::to_owned)
}

/// A text in pieces of `length` characters.
pub(super) fn pieces(text: &str, length: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(length.max(1))
        .map(|piece| piece.iter().collect())
        .collect()
}

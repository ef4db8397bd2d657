//! What the frames of a stream repeat.
//!
//! Each says again which answer of which model it is: but for a word and the figures it is the frame
//! before, so that only these two are read.

use std::ops::Range;

use serde::Deserialize;
use serde_json::{Deserializer, value::RawValue};

use crate::wire::{Candidate, Content, Piece, Said, Text};

/// A longer frame is not worth keeping.
const MAX: usize = 4_096;

/// The frame before, if it had a word and nothing else that counts in every frame.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// Empty if it had more.
    frame: String,
    /// Where the word stands in it, with its quotes.
    word: Range<usize>,
    /// Where the figures stand, which come after.
    figures: Option<Range<usize>>,
    index: Option<u32>,
    thought: Option<bool>,
}

impl Repeated {
    /// What is new in `frame`; `None` if that is more than a word and figures.
    ///
    /// Each stands where another of its kind stood in a frame that was read, so the whole of this one
    /// can be read too, and says the same.
    pub(super) fn read<'a>(&self, frame: &'a str) -> Option<Said<'a>> {
        let known = |range| self.frame.get(range);
        if self.frame.is_empty() {
            return None;
        }
        let rest = frame.strip_prefix(known(0..self.word.start)?)?;
        let (text, mut rest) = first::<Text<'_>>(rest)?;
        let (mut figures, mut end) = (None, self.word.end);
        if let Some(at) = &self.figures {
            rest = rest.strip_prefix(known(self.word.end..at.start)?)?;
            let (raw, after) = first::<&RawValue>(rest)?;
            if !raw.get().starts_with('{') {
                return None;
            }
            (figures, rest, end) = (Some(raw), after, at.end);
        }
        if rest != known(end..self.frame.len())? {
            return None;
        }
        let piece = Piece {
            text: Some(text),
            thought: self.thought,
            ..Piece::default()
        };
        let parts = Some(vec![piece]);
        let candidate = Candidate {
            index: self.index,
            content: Some(Content { parts }),
            ..Candidate::default()
        };
        Some(Said {
            candidates: Some(vec![candidate]),
            usage_metadata: figures,
            ..Said::default()
        })
    }

    /// Learns from a frame that was read, and said this.
    pub(super) fn learn(&mut self, frame: &str, said: &Said<'_>) {
        *self = Self::of(frame, said).unwrap_or_default();
    }

    fn of(frame: &str, said: &Said<'_>) -> Option<Self> {
        let [candidate] = said.candidates.as_deref()? else {
            return None;
        };
        let [piece] = candidate.content.as_ref()?.parts.as_deref()? else {
            return None;
        };
        let has_more = piece.thought_signature.is_some()
            || candidate.logprobs_result.is_some()
            || said.prompt_feedback.is_some();
        let word = place(frame, piece.text.as_ref()?.borrowed()?)?;
        let word = word.start.checked_sub(1)?..word.end.checked_add(1)?;
        let figures = match said.usage_metadata {
            Some(raw) => Some(place(frame, raw.get())?),
            None => None,
        };
        let is_after = figures.as_ref().is_none_or(|at| word.end <= at.start);
        if has_more || !is_after || frame.len() > MAX {
            return None;
        }
        Some(Self {
            frame: frame.to_owned(),
            word,
            figures,
            index: candidate.index,
            thought: piece.thought,
        })
    }
}

/// The value that `json` begins with, and what comes after it.
fn first<'a, T: Deserialize<'a>>(json: &'a str) -> Option<(T, &'a str)> {
    let mut values = Deserializer::from_str(json).into_iter();
    let value = values.next()?.ok()?;
    Some((value, json.get(values.byte_offset()..)?))
}

/// Where `part` stands in `whole`, of which it is a part.
fn place(whole: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let place = start..start.checked_add(part.len())?;
    (whole.get(place.clone())? == part).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"candidates":[{"content":{"parts":[{"text":"The"}],"role":"model"},"index":0}],"usageMetadata":{"totalTokenCount":3},"responseId":"r"}"#;

    /// The word and the figures of `next`, if it repeats the rest of `first`.
    fn new(first: &str, next: &str) -> Option<(String, Option<String>)> {
        let mut repeated = Repeated::default();
        repeated.learn(first, &serde_json::from_str(first).unwrap());
        let mut said = repeated.read(next)?;
        let piece = said.candidates?.pop()?.content?.parts?.pop()?;
        let figures = said.usage_metadata.take();
        Some((
            piece.text?.into_string(),
            figures.map(|raw| raw.get().to_owned()),
        ))
    }

    #[test]
    fn a_word_and_figures_are_all_that_is_read() {
        let next = FIRST.replace("The", " \\\"s\\u00e9a\\\"").replace('3', "4");
        let expected = (
            " \"séa\"".to_owned(),
            Some(r#"{"totalTokenCount":4}"#.to_owned()),
        );
        assert_eq!(new(FIRST, &next), Some(expected));
        let (first, next) = (
            r#"{"candidates":[{"content":{"parts":[{"text":"a","thought":true}]}}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"b","thought":true}]}}]}"#,
        );
        assert_eq!(new(first, next), Some(("b".to_owned(), None)));
    }

    #[test]
    fn a_frame_that_differs_is_read_whole() {
        for (old, other) in [
            (r#""r""#, r#""s""#),
            (r#""index":0"#, r#""index":1"#),
            (r#""text":"The""#, r#""text":null"#),
            (r#""text":"The""#, r#""text":"The","thought":true"#),
            (r#""text":"The""#, r#""text":"The"},{"text":" sea""#),
            (r#"{"totalTokenCount":3}"#, "null"),
            (r#"{"totalTokenCount":3}"#, r#"{"totalTokenCount":}"#),
            (r#""}"#, r#""} "#),
            (r#""}"#, r#"""#),
        ] {
            assert!(FIRST.contains(old), "{old}");
            assert_eq!(new(FIRST, &FIRST.replacen(old, other, 1)), None, "{other}");
        }
    }

    #[test]
    fn what_counts_in_every_frame_is_not_repeated() {
        for (old, other) in [
            (
                r#""text":"The""#,
                r#""text":"The","thoughtSignature":"c2ln""#,
            ),
            (r#""index":0"#, r#""index":0,"logprobsResult":{}"#),
            (r#""responseId""#, r#""promptFeedback":{},"responseId""#),
            // Not where it stands, once what is escaped is undone.
            ("The", "\\u0054he"),
            (r#"{"text":"The"}"#, r#"{"text":"The"},{"text":" sea"}"#),
            (r#"{"text":"The"}"#, ""),
        ] {
            assert!(FIRST.contains(old), "{old}");
            let frame = FIRST.replacen(old, other, 1);
            assert_eq!(new(&frame, &frame), None, "{other}");
        }
        let long = FIRST.replace("The", &"the ".repeat(MAX));
        assert_eq!(new(&long, &long), None);
        let reversed =
            r#"{"usageMetadata":{},"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
        assert_eq!(new(reversed, reversed), None);
    }
}

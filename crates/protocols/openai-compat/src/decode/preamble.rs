//! What the events of a stream repeat.

/// The fields before `choices`: id, model and the like. They make up half of an ordinary event,
/// and are the same in each, so they are read once.
#[derive(Debug, Default)]
pub(super) struct Preamble(String);

/// A longer one is no preamble, and not worth keeping.
const MAX: usize = 4_096;

impl Preamble {
    /// `event` without it, written into `rest`; `None` if it begins otherwise.
    pub(super) fn strip<'r>(&self, event: &str, rest: &'r mut String) -> Option<&'r str> {
        if self.0.is_empty() {
            return None;
        }
        let fields = event.strip_prefix(&*self.0)?;
        // Where another name stood, a closing brace would be accepted after the comma.
        if !fields.starts_with('"') {
            return None;
        }
        rest.clear();
        rest.push('{');
        rest.push_str(fields);
        Some(rest)
    }

    /// Learns it from an event that was read, in which `choices` is at this address.
    pub(super) fn learn(&mut self, event: &str, choices: Option<usize>) {
        let begins = || {
            let quote = choices?
                .checked_sub(event.as_ptr().addr())?
                .checked_sub(1)?;
            let (before, after) = event.split_at_checked(quote)?;
            (after.starts_with("\"choices\"") && quote <= MAX).then_some(before)
        };
        self.0.clear();
        self.0.push_str(begins().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    /// What is left of `next` after `first` was read.
    fn left(first: &str, next: &str) -> Option<String> {
        let mut preamble = Preamble::default();
        preamble.learn(first, wire::read(first).unwrap().choices_at);
        let mut rest = String::new();
        preamble.strip(next, &mut rest).map(str::to_owned)
    }

    #[test]
    fn what_events_share_is_read_once() {
        let first = r#"{"id":"a","choices":[{"index":0}]}"#;
        let next = r#"{"id":"a","choices":[{"index":1}],"usage":{}}"#;
        let rest = r#"{"choices":[{"index":1}],"usage":{}}"#;
        assert_eq!(left(first, next).as_deref(), Some(rest));
        assert_eq!(
            left(r#"{"choices":[]}"#, r#"{"choices":[1]}"#).as_deref(),
            Some(r#"{"choices":[1]}"#)
        );
    }

    #[test]
    fn an_event_that_differs_is_read_whole() {
        let first = r#"{"id":"a","choices":[]}"#;
        for next in [
            r#"{"id":"b","choices":[]}"#,
            r#"{"id":"a","#,
            r#"{"id":"a",}"#,
            r#"{"id":"a"}"#,
            "",
        ] {
            assert_eq!(left(first, next), None, "{next}");
        }
    }

    #[test]
    fn what_counts_in_every_event_is_no_preamble() {
        for first in [
            r#"{"usage":{"total_tokens":1},"choices":[]}"#,
            r#"{"x_groq":{"usage":{}},"choices":[]}"#,
            r#"{"citations":[],"choices":[]}"#,
            r#"{"error":{},"choices":[]}"#,
            // The address is not within the event where an escape had to be undone.
            r#"{"id":"a","choice\u0073":[]}"#,
            r#"{"id":"a"}"#,
            r#"{"choices":[],"usage":{},"choices":[]}"#,
        ] {
            assert_eq!(left(first, first), None, "{first}");
        }
    }
}

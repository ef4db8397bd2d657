//! What several answers cost together, and the head that stands for theirs.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    Json, Usage,
    chat::{Billed, Completeness, InTokens, Meta, OutTokens, Timing},
};

/// The sum of what is known. What nobody told stays unknown, and where some told and some did not it
/// is not all.
pub(super) fn usage(all: Vec<Usage>) -> Usage {
    let mut raws = Vec::new();
    let mut usages = all.into_iter();
    let Some(mut sum) = usages.next() else {
        return Usage::default();
    };
    raws.extend(sum.raw.take());
    for usage in usages {
        input(&mut sum.input, usage.input);
        output(&mut sum.output, usage.output);
        sum.iterations.extend(usage.iterations);
        each(&mut sum.server_tools, usage.server_tools);
        if let Some(more) = usage.billed {
            billed(sum.billed.get_or_insert_default(), *more);
        }
        if let Some(more) = usage.timing {
            timing(sum.timing.get_or_insert_default(), *more);
        }
        sum.completeness = complete(sum.completeness, usage.completeness);
        raws.extend(usage.raw);
    }
    sum.raw = list(raws.iter().map(|raw| raw.get().as_bytes()))
        .and_then(|list| Json::parse(String::from_utf8(list).ok()?).ok());
    sum
}

fn complete(one: Completeness, other: Completeness) -> Completeness {
    use Completeness::{Estimated, Final, Missing, Partial};
    match (one, other) {
        (Missing, Missing) => Missing,
        (Final, Final) => Final,
        (Partial | Missing, _) | (_, Partial | Missing) => Partial,
        (Estimated, _) | (_, Estimated) => Estimated,
    }
}

macro_rules! sums {
    ($(fn $name:ident($type:ty) { $($count:ident),+ $(; $($by:ident),+)? })+) => {
        $(fn $name(sum: &mut $type, more: $type) {
            $(sum.$count = plus(sum.$count, more.$count);)+
            $($(each(&mut sum.$by, more.$by);)+)?
        })+
    };
}

sums! {
    fn input(InTokens) {
        total, uncached, cache_read, cache_write, tool_prompt;
        cache_write_by_ttl, by_modality
    }
    fn output(OutTokens) {
        total, text, reasoning, predicted_accepted, predicted_rejected;
        by_modality
    }
    fn billed(Billed) { input, output, searches, images, seconds, characters }
    fn timing(Timing) { queue, load, prompt, completion, total }
}

fn plus<T: Sum>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.sum(other)),
        (one, other) => one.or(other),
    }
}

fn each<K: Ord>(sum: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        let so_far = sum.entry(key).or_default();
        *so_far = so_far.saturating_add(count);
    }
}

/// What a provider tells may be anything: no sum of it may panic.
trait Sum {
    fn sum(self, other: Self) -> Self;
}

impl Sum for u64 {
    fn sum(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Sum for f64 {
    fn sum(self, other: Self) -> Self {
        self + other
    }
}

impl Sum for std::time::Duration {
    fn sum(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

/// The head of the first, which tried as often as any; and all bodies, as a list.
pub(super) fn meta(all: Vec<Meta>) -> Meta {
    let raw = list(all.iter().filter_map(|meta| meta.raw.as_deref()));
    let attempts = all.iter().map(|meta| meta.attempts).max();
    let maybe_duplicate = all.iter().any(|meta| meta.maybe_duplicate);
    let mut first = all.into_iter().next().unwrap_or_default();
    first.raw = raw.map(Bytes::from);
    first.attempts = attempts.unwrap_or(first.attempts);
    first.maybe_duplicate = maybe_duplicate;
    first
}

/// JSON values as a list of them; `None` of none.
fn list<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut list = Vec::new();
    for value in values {
        list.push(if list.is_empty() { b'[' } else { b',' });
        list.extend_from_slice(value);
    }
    if list.is_empty() {
        return None;
    }
    list.push(b']');
    Some(list)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(input: u64) -> Usage {
        let mut usage = Usage::told(Some(input), None, Json::parse("{}").unwrap());
        usage.input.by_modality.insert("text".to_owned(), input);
        let timing = Timing {
            queue: Some(Duration::from_millis(input)),
            ..Timing::default()
        };
        usage.timing = Some(Box::new(timing));
        let billed = Billed {
            searches: Some(1.0),
            ..Billed::default()
        };
        usage.billed = Some(Box::new(billed));
        usage
    }

    #[test]
    fn what_was_told_is_added_up_and_what_was_not_is_not_0() {
        let sum = usage(vec![told(3), told(4)]);
        assert_eq!((sum.input.total, sum.input.cache_read), (Some(7), None));
        assert_eq!(sum.input.by_modality["text"], 7);
        assert_eq!(sum.timing.unwrap().queue, Some(Duration::from_millis(7)));
        assert_eq!(sum.billed.unwrap().searches, Some(2.0));
        assert_eq!(sum.raw.unwrap().get(), "[{},{}]");
        assert_eq!(sum.completeness, Completeness::Final);
        assert_eq!(usage(vec![Usage::default(); 2]), Usage::default());
    }

    #[test]
    fn where_some_told_and_some_did_not_it_is_not_all() {
        for all in [
            vec![told(3), Usage::default()],
            vec![Usage::default(), told(3)],
        ] {
            let sum = usage(all);
            assert_eq!(sum.completeness, Completeness::Partial);
            assert_eq!(sum.input.total, Some(3));
        }
        let most = usage(vec![told(u64::MAX), told(1)]);
        assert_eq!(
            most.input.total,
            Some(u64::MAX),
            "no figure of a provider's is a panic"
        );
    }
}

//! A body in pieces, as a network might bring it.

use std::fmt;

use bytes::Bytes;

/// Bodies larger than this are not cut byte by byte: it would take too long, and shows no more.
const BYTEWISE: usize = 64 << 10;
/// At how many places at most a body is cut at random.
const PLACES: usize = 64;

/// Where a body is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nowhere.
    Whole,
    /// Where it was when it was recorded.
    AsRecorded(Vec<usize>),
    /// At random places, the same for the same seed.
    Random(u64),
    /// After every byte.
    Bytewise,
}

impl Cut {
    /// All the ways to cut a body of `length`, other than not at all.
    pub(crate) fn all(length: usize, arrived: &[usize], splits: usize, seed: u64) -> Vec<Self> {
        let mut cuts = Vec::new();
        if arrived.len() > 1 {
            cuts.push(Self::AsRecorded(arrived.to_vec()));
        }
        if length > 1 {
            let mut seeds = fastrand::Rng::with_seed(seed);
            cuts.extend((0..splits).map(|_| Self::Random(seeds.u64(..))));
        }
        if (2..BYTEWISE).contains(&length) {
            cuts.push(Self::Bytewise);
        }
        cuts
    }

    /// The pieces of `body`. None is empty.
    pub(crate) fn pieces(&self, body: &Bytes) -> Vec<Bytes> {
        match self {
            Self::Whole => at(body, []),
            Self::AsRecorded(lengths) => at(body, ends(lengths)),
            Self::Random(seed) => at(body, places(*seed, body.len())),
            Self::Bytewise => at(body, 1..body.len()),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::AsRecorded(_) => f.write_str("cut as recorded"),
            Self::Random(seed) => write!(f, "cut at random (seed {seed})"),
            Self::Bytewise => f.write_str("cut after every byte"),
        }
    }
}

fn ends(lengths: &[usize]) -> impl Iterator<Item = usize> {
    lengths.iter().scan(0_usize, |end, length| {
        *end = end.saturating_add(*length);
        Some(*end)
    })
}

fn places(seed: u64, length: usize) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut places: Vec<usize> = (0..random.usize(1..=PLACES))
        .map(|_| random.usize(0..length.max(1)))
        .collect();
    places.sort_unstable();
    places
}

/// Cuts at these places, which ascend. One that is not inside the body cuts nothing.
fn at(body: &Bytes, places: impl IntoIterator<Item = usize>) -> Vec<Bytes> {
    let mut rest = body.clone();
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut start = 0;
    for place in places {
        if place > start && place < body.len() {
            pieces.push(rest.split_to(place - start));
            start = place;
        }
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(cut: &Cut, body: &'static str) -> Vec<usize> {
        cut.pieces(&Bytes::from(body))
            .iter()
            .map(Bytes::len)
            .collect()
    }

    #[test]
    fn every_cut_keeps_every_byte_in_its_place() {
        let body = Bytes::from((0..=255_u8).cycle().take(3_000).collect::<Vec<_>>());
        let cuts = Cut::all(body.len(), &[1_000, 1, 1_999], 20, 7);
        assert_eq!(cuts.len(), 1 + 20 + 1);
        for cut in cuts {
            let pieces = cut.pieces(&body);
            assert!(pieces.len() > 1, "{cut}");
            assert_eq!(pieces.concat(), body, "{cut}");
        }
    }

    #[test]
    fn recorded_pieces_come_back_as_they_were() {
        assert_eq!(
            lengths(&Cut::AsRecorded(vec![1, 3, 2]), "abcdef"),
            [1, 3, 2]
        );
        assert_eq!(
            lengths(&Cut::AsRecorded(vec![0, 4]), "abcdef"),
            [4, 2],
            "what no length covers is the last piece"
        );
        assert_eq!(lengths(&Cut::AsRecorded(vec![4, 40]), "abcdef"), [4, 2]);
    }

    #[test]
    fn bytes_and_whole() {
        assert_eq!(lengths(&Cut::Bytewise, "abc"), [1, 1, 1]);
        assert_eq!(lengths(&Cut::Whole, "abc"), [3]);
        assert_eq!(lengths(&Cut::Whole, ""), [0; 0]);
        assert_eq!(lengths(&Cut::Random(1), ""), [0; 0]);
    }

    #[test]
    fn the_same_seed_cuts_at_the_same_places() {
        let body = Bytes::from(vec![b'x'; 1_000]);
        assert_eq!(Cut::Random(5).pieces(&body), Cut::Random(5).pieces(&body));
        assert_ne!(Cut::Random(5).pieces(&body), Cut::Random(6).pieces(&body));
        assert_eq!(Cut::all(9, &[], 2, 5), Cut::all(9, &[], 2, 5));
        assert_ne!(Cut::all(9, &[], 2, 5), Cut::all(9, &[], 2, 6));
    }

    #[test]
    fn what_cannot_be_cut_is_not() {
        assert_eq!(Cut::all(1, &[1], 3, 1), []);
        assert!(!Cut::all(BYTEWISE, &[], 3, 1).contains(&Cut::Bytewise));
    }
}

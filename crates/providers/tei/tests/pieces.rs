//! Operations of more inputs than a server takes at once, in pieces that it does take.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use trunkline_core::{Operation, raw::RawRequest};
use trunkline_tei::{DecodeMany, EmbedAll, Predict, Similarity, TokenizeMany};

#[test]
fn pieces_are_in_order_and_none_is_empty() {
    let texts = |count: usize| (0..count).map(|number| number.to_string());
    let sizes = |count| {
        let bodies = EmbedAll::new(texts(count))
            .prompt_name("p")
            .pieces(3)
            .map(|piece| {
                let body: Value = serde_json::from_slice(&piece.encode().unwrap().body).unwrap();
                assert_eq!(body["prompt_name"], "p");
                body["inputs"].as_array().unwrap().len()
            });
        bodies.collect::<Vec<_>>()
    };
    assert_eq!(sizes(7), [3, 3, 1]);
    assert_eq!(sizes(3), [3]);
    assert!(sizes(0).is_empty());
    let pieces: Vec<Predict> = Predict::new(texts(4)).raw_scores(true).pieces(0).collect();
    assert_eq!(pieces.len(), 4, "one at least");
    assert_eq!(pieces[3], Predict::new(["3"]).raw_scores(true));
}

#[test]
fn tokens_and_likenesses_come_in_pieces_too() {
    let texts = |count: usize| (0..count).map(|number| number.to_string());
    let sizes = |bodies: Vec<RawRequest>, at: &str| -> Vec<usize> {
        let size = |request: &RawRequest| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            body.pointer(at).unwrap().as_array().unwrap().len()
        };
        bodies.iter().map(size).collect()
    };
    let pieces = TokenizeMany::new(texts(7)).special(false).pieces(3);
    let bodies = pieces.map(|piece| piece.encode().unwrap()).collect();
    assert_eq!(sizes(bodies, "/inputs"), [3, 3, 1]);
    let ids = (0..4).map(|id| vec![id]);
    let pieces = DecodeMany::new(ids).special(true).pieces(2);
    let bodies = pieces.map(|piece| piece.encode().unwrap()).collect();
    assert_eq!(sizes(bodies, "/ids"), [2, 2]);
    // The sentence that the others are compared with takes a place in each request.
    let alike = || Similarity::new("otter", texts(5)).prompt_name("p");
    let bodies = alike().pieces(3).map(|piece| piece.encode().unwrap());
    assert_eq!(sizes(bodies.collect(), "/inputs/sentences"), [2, 2, 1]);
    let last = alike().pieces(3).last().unwrap();
    assert_eq!(last, Similarity::new("otter", ["4"]).prompt_name("p"));
    assert_eq!(alike().pieces(0).count(), 5, "one at least");
    assert_eq!(Similarity::new("otter", texts(0)).pieces(3).count(), 0);
}

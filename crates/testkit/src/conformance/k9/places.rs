//! Places of documents that there are not.

use std::sync::Arc;

use trunkline_core::ErrorKind;

use super::super::{
    Subject,
    k2::{Wire, answers},
    list::{List, Outcome},
    role::{expected, role},
    tree::Tree,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let numbered = subject
        .needs("rerank")
        .and_then(|()| match places(subject)?.is_empty() {
            false => Ok(()),
            true => Err("the fixture `rerank` has no field with the documents' numbers".to_owned()),
        });
    list.add_if(
        &numbered,
        "a_place_of_no_document_or_of_one_twice_is_an_error",
        |subject| async move { misplaced(&subject).await },
    );
}

/// Where the documents' numbers stand in the fixture, in the order of the answer: fields of one
/// name whose values are, sorted, those that the answer has.
fn places(subject: &Subject) -> Outcome<Vec<Vec<usize>>> {
    let expected = expected(subject, "rerank")?;
    let results = expected.get("results").and_then(|list| list.as_array());
    let indexes = results
        .into_iter()
        .flatten()
        .map(|place| place.get("index"));
    let mut known: Vec<u64> = indexes
        .filter_map(|index| index.and_then(serde_json::Value::as_u64))
        .collect();
    known.sort_unstable();
    let wire = Wire::of(&role(subject, "rerank")?)?;
    for (_, paths) in wire.fields() {
        let mut json = wire.json.clone();
        let mut number = |path: &Vec<usize>| match json.at_mut(path) {
            Some(Tree::Leaf(leaf)) => leaf.parse::<u64>().ok(),
            _ => None,
        };
        let mut numbers: Vec<u64> = paths.iter().filter_map(&mut number).collect();
        numbers.sort_unstable();
        if numbers.len() > 1 && numbers == known {
            return Ok(paths);
        }
    }
    Ok(Vec::new())
}

async fn misplaced(subject: &Subject) -> Outcome {
    let case = role(subject, "rerank")?;
    let wire = Wire::of(&case)?;
    let paths = places(subject)?;
    let mut json = wire.json.clone();
    let second = paths.get(1).and_then(|path| json.at_mut(path).cloned());
    let changes = [
        (
            "a document that the request has not",
            Some(Tree::Leaf("4711".to_owned())),
        ),
        (
            "a document before the first",
            Some(Tree::Leaf("-1".to_owned())),
        ),
        ("the same document twice", second),
    ];
    let mut bodies = Vec::new();
    for (_, value) in &changes {
        let mut wire = wire.clone();
        if let (Some(leaf), Some(value)) =
            (paths.first().and_then(|path| wire.json.at_mut(path)), value)
        {
            *leaf = value.clone();
        }
        bodies.push(wire.write());
    }
    for ((what, _), read) in changes.iter().zip(answers(subject, &case, bodies).await?) {
        match read {
            Err((ErrorKind::Decode, _)) => {}
            Err((_, error)) => {
                return Err(format!(
                    "a ranking of {what} is to fail as Decode, and is {error}"
                ));
            }
            Ok(_) => {
                return Err(format!(
                    "a ranking of {what} is given out, and a program would take another document \
                     for it, or panic; build the answer with `RerankResponse::of`"
                ));
            }
        }
    }
    Ok(())
}

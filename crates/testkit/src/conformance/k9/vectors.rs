//! Vectors as they come, and as they should not.

use std::sync::Arc;

use trunkline_core::{
    EmbedResponse, ErrorKind,
    chat::Completeness,
    embed::{EmbedInput, Embedding},
};

use super::{
    super::{
        Subject,
        k2::{Wire, answers},
        list::{List, Outcome, ensure},
        role::{expected, role},
        tree::{Path, Tree},
    },
    embed::question,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let embed = subject.needs("embed");
    list.add_if(&embed, "each_input_has_a_vector", |subject| async move {
        let answer = read(&subject, |_| {}).await?;
        let answer = answer.map_err(|(_, error)| error)?;
        let inputs = question(&subject)?.inputs.len();
        ensure(answer.vectors.len() == inputs && inputs > 1, || {
            format!(
                "the fixture `embed` is to have several inputs and a vector for each: {} for {inputs}",
                answer.vectors.len()
            )
        })?;
        let lengths: Vec<usize> = answer.vectors.iter().map(Embedding::len).collect();
        ensure(lengths.iter().all(|length| Some(length) == lengths.first() && *length > 0), || {
            format!("the vectors have the lengths {lengths:?}")
        })?;
        ensure(answer.vectors.first() != answer.vectors.get(1), || {
            "the first two vectors of the fixture `embed` are to differ, or their order cannot be \
             tested"
                .to_owned()
        })?;
        let usage = &answer.usage;
        ensure(
            usage.completeness != Completeness::Final || usage.input.total.is_some(),
            || "the usage of embeddings has no input in it".to_owned(),
        )
    });
    let placed = embed.clone().and_then(|()| vectors(subject).map(|_| ()));
    list.add_if(
        &placed,
        "too_few_vectors_are_an_error",
        |subject| async move {
            broken(&subject, "one vector too few", |items| {
                items.pop();
            })
            .await
        },
    );
    list.add_if(
        &placed,
        "too_many_vectors_are_an_error",
        |subject| async move {
            broken(&subject, "one vector too many", |items| {
                items.extend(items.last().cloned());
            })
            .await
        },
    );
    list.add_if(&placed, "no_vectors_are_an_error", |subject| async move {
        broken(&subject, "no vectors", Vec::clear).await
    });
    let numbered = placed.and_then(|()| {
        ensure(numbers(subject)?.is_some(), || {
            "the wire does not number its vectors".to_owned()
        })
    });
    list.add_if(
        &numbered,
        "vectors_in_another_order_are_put_in_theirs",
        |subject| async move {
            let whole = read(&subject, |_| {}).await?.map_err(|(_, error)| error)?;
            let shuffled = read(&subject, |items| items.reverse()).await?;
            let shuffled = shuffled.map_err(|(_, error)| error)?;
            ensure(shuffled.vectors == whole.vectors, || {
                "the wire numbers its vectors, and they are given in the order in which they came; \
             put them in the order of the inputs"
                    .to_owned()
            })
        },
    );
    list.add_if(
        &numbered,
        "a_vector_of_no_input_is_an_error",
        |subject| async move {
            let field = numbers(&subject)?.unwrap_or_default();
            broken(
                &subject,
                "vectors of which one has a number that no input has",
                |items| {
                    renumber(items, &field);
                },
            )
            .await
        },
    );
}

/// Gives the vector of the first input a number beyond the last.
fn renumber(items: &mut [Tree], field: &str) {
    for item in items {
        let Tree::Object(fields) = item else { continue };
        for (name, value) in fields {
            if name == field && *value == Tree::Leaf("0".to_owned()) {
                *value = Tree::Leaf("4711".to_owned());
            }
        }
    }
}

/// Where the list of vectors is in the fixture: the only list that has as many entries as there
/// are inputs, and is neither a vector itself nor the inputs again.
fn vectors(subject: &Subject) -> Outcome<Path> {
    let case = role(subject, "embed")?;
    let asked = question(subject)?.inputs;
    let inputs = asked.len();
    let is_echo = |leaf: &str| {
        let text = serde_json::from_str::<String>(leaf);
        text.is_ok_and(|text| asked.contains(&EmbedInput::Text(text)))
    };
    let wire = Wire::of(&case)?;
    // The whole answer, which is the first piece, may be the list.
    let fields = wire.json.fields().into_iter().map(|(_, path)| path);
    for path in std::iter::once(vec![0]).chain(fields) {
        let mut json = wire.json.clone();
        if let Some(Tree::List(items)) = json.at_mut(&path)
            && items.len() == inputs
            && items
                .iter()
                .all(|item| !matches!(item, Tree::Leaf(leaf) if is_number(leaf) || is_echo(leaf)))
        {
            return Ok(path);
        }
    }
    Err("the fixture `embed` has no list with an entry for each input".to_owned())
}

fn is_number(leaf: &str) -> bool {
    serde_json::from_str::<f64>(leaf).is_ok()
}

/// The field by which the wire numbers its vectors, if it does.
fn numbers(subject: &Subject) -> Outcome<Option<String>> {
    let mut wire = Wire::of(&role(subject, "embed")?)?;
    let Some(Tree::List(items)) = wire.json.at_mut(&vectors(subject)?) else {
        return Ok(None);
    };
    let mut seen: Vec<(String, Vec<usize>)> = Vec::new();
    for item in items.iter() {
        let Tree::Object(fields) = item else { continue };
        for (name, value) in fields {
            let Tree::Leaf(leaf) = value else { continue };
            let Ok(number) = leaf.parse() else { continue };
            match seen.iter_mut().find(|(known, _)| known == name) {
                Some((_, numbers)) => numbers.push(number),
                None => seen.push((name.clone(), vec![number])),
            }
        }
    }
    let count = items.len();
    let found = seen.into_iter().find(|(_, numbers)| {
        let mut numbers = numbers.clone();
        numbers.sort_unstable();
        numbers.into_iter().eq(0..count)
    });
    Ok(found.map(|(name, _)| name))
}

type Read = Result<EmbedResponse, (ErrorKind, String)>;

/// What is read when the list of vectors was changed.
async fn read(subject: &Subject, change: impl FnOnce(&mut Vec<Tree>)) -> Outcome<Read> {
    let case = role(subject, "embed")?;
    let mut wire = Wire::of(&case)?;
    if let Some(Tree::List(items)) = wire.json.at_mut(&vectors(subject)?) {
        change(items);
    }
    let answer = answers(subject, &case, vec![wire.write()]).await?.pop();
    Ok(match answer {
        Some(Ok(answer)) => Ok(serde_json::from_value(answer).map_err(|error| error.to_string())?),
        Some(Err(error)) => Err(error),
        None => return Err("no answer".to_owned()),
    })
}

async fn broken(subject: &Subject, what: &str, change: impl FnOnce(&mut Vec<Tree>)) -> Outcome {
    // A case that fails by itself shows nothing.
    ensure(expected(subject, "embed")?.get("error").is_none(), || {
        "the fixture `embed` is to be answered with vectors".to_owned()
    })?;
    match read(subject, change).await? {
        Err((ErrorKind::Decode, _)) => Ok(()),
        Err((_, error)) => Err(format!("{what} are to fail as Decode, and fail as {error}")),
        Ok(answer) => Err(format!(
            "{what} are given out as {} vectors: a program would take them for those of other \
             inputs; fail as Decode",
            answer.vectors.len()
        )),
    }
}

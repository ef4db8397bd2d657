//! Words of a wire that there are not yet, wherever it has words: kinds of content, reasons, classes.
//! None of them fails an answer, and what is of no known kind is kept.

use base64::{Engine, engine::general_purpose::STANDARD};
use trunkline_core::{ChatResponse, Content, chat::Source};

use super::{
    super::{
        Subject,
        k2::Wire,
        list::{List, Outcome, ensure},
        stage::{Answer, Stand, cut},
        tree::{Path, Tree, quoted},
    },
    read,
};

const UNKNOWN: &str = "x_conformance_word";

/// So many places of one name are tried: the events of a stream are alike.
const PLACES: usize = 4;

pub(super) fn add(list: &mut List, name: &str) {
    let (one, two) = (name.to_owned(), name.to_owned());
    list.add(
        &format!("an_unknown_word_anywhere_in_{name}_breaks_nothing"),
        move |subject| async move { words(&subject, &one).await },
    );
    list.add(
        &format!("a_lone_unknown_key_in_{name}_breaks_nothing"),
        move |subject| async move { keys(&subject, &two).await },
    );
}

/// Whether a leaf may be one of a set of words: no text, no number, no id.
fn is_word(leaf: &str) -> bool {
    let Ok(text) = serde_json::from_str::<String>(leaf) else {
        return false;
    };
    let is_letter = |char: char| char.is_ascii_alphabetic() || "_.-".contains(char);
    (2..=40).contains(&text.len()) && text.chars().all(is_letter)
}

/// The bytes of all media in an answer.
fn media_of(answer: &ChatResponse) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in &answer.message.parts {
        if let Content::Media(media) = &part.content
            && let Source::Bytes(own) = &media.source
        {
            bytes.extend_from_slice(own);
        }
    }
    bytes
}

/// Whether a leaf is base64 of some of them.
fn is_media(media: &[u8], leaf: &str) -> bool {
    let text = serde_json::from_str::<String>(leaf).unwrap_or_default();
    let bytes = STANDARD.decode(text).unwrap_or_default();
    !bytes.is_empty() && media.windows(bytes.len()).any(|window| window == bytes)
}

/// The field that says which event it is, where events say so themselves.
fn discriminator(wire: &Wire) -> Option<String> {
    let Tree::List(events) = &wire.json else {
        return None;
    };
    let words = |event: &Tree| -> Vec<(String, String)> {
        match event {
            Tree::Object(fields) => fields
                .iter()
                .filter_map(|(name, value)| match value {
                    Tree::Leaf(leaf) if is_word(leaf) => Some((name.clone(), leaf.clone())),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    };
    let all: Vec<Vec<(String, String)>> = events.iter().map(words).collect();
    let first = all.first()?;
    let tells = |name: &String| {
        let values: Vec<&String> = all
            .iter()
            .filter_map(|event| event.iter().find(|(own, _)| own == name))
            .map(|(_, value)| value)
            .collect();
        values.len() == all.len() && values.iter().any(|value| values.first() != Some(value))
    };
    let found = first.iter().map(|(name, _)| name).find(|name| tells(name));
    found.cloned()
}

/// The last of the names that lead to a field.
fn last_of(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

async fn words(subject: &Subject, name: &str) -> Outcome {
    let role = read(subject, name)?;
    let wire = Wire::of(&role)?;
    let spared = discriminator(&wire);
    let media = media_of(&role.answer()?);
    let mut changes = Vec::new();
    for (field, paths) in wire.fields() {
        let is_id = last_of(&field).to_ascii_lowercase().ends_with("id");
        if is_id || Some(&field) == spared.as_ref() {
            continue;
        }
        for path in paths.iter().take(PLACES) {
            let mut changed = wire.clone();
            let Some(Tree::Leaf(leaf)) = changed.json.at_mut(path) else {
                continue;
            };
            if is_word(leaf) && !is_media(&media, leaf) {
                let what = format!("with {UNKNOWN:?} for {leaf} in `{field}`");
                *leaf = quoted(UNKNOWN);
                changes.push((what, changed, path.clone()));
            }
        }
    }
    unbroken(subject, name, changes).await
}

/// Where a kind is told by a key, `{"text": …}`, and by nothing else.
async fn keys(subject: &Subject, name: &str) -> Outcome {
    let role = read(subject, name)?;
    let wire = Wire::of(&role)?;
    let mut changes = Vec::new();
    for (field, paths) in wire.fields() {
        // Of an object in a list of its own, not of an event.
        let is_item = field
            .rsplit_once('.')
            .is_some_and(|(of, _)| of.ends_with("[]"));
        for path in paths.iter().take(if is_item { PLACES } else { 0 }) {
            let mut changed = wire.clone();
            let Some((_, parent)) = path.split_last() else {
                continue;
            };
            if let Some(Tree::Object(fields)) = changed.json.at_mut(parent)
                && let [(key, _)] = fields.as_mut_slice()
            {
                UNKNOWN.clone_into(key);
                let what = format!("with {UNKNOWN:?} as the only key, for `{field}`");
                changes.push((what, changed, path.clone()));
            }
        }
    }
    unbroken(subject, name, changes).await
}

async fn unbroken(subject: &Subject, name: &str, changes: Vec<(String, Wire, Path)>) -> Outcome {
    let role = read(subject, name)?;
    let stand = Stand::of(subject)?;
    // Written as the changed ones are, so that what is kept of it is the same text.
    let unchanged = Answer::of(&role).pieces(Wire::of(&role)?.pieces());
    let whole = stand.call(&role.op, unchanged).await;
    let whole = whole.answer()?;
    for (what, wire, path) in changes {
        let answer = Answer::of(&role).pieces(wire.pieces());
        let read = stand.call(&role.op, answer).await;
        if let Some(violation) = read.violations.first() {
            return Err(format!("{what} the stream breaks a law: {violation}"));
        }
        let answer = read.result.as_ref().map_err(|error| {
            cut(format!(
                "{what} the answer is not read; what is not known fails nothing: {error}"
            ))
        })?;
        kept(whole, answer, &wire, &path).map_err(|how| cut(format!("{what} {how}")))?;
    }
    Ok(())
}

/// Nothing is lost for being of no known kind, and what is kept is what came.
fn kept(whole: &ChatResponse, answer: &ChatResponse, wire: &Wire, path: &[usize]) -> Outcome {
    let (before, after) = (whole.message.parts.len(), answer.message.parts.len());
    // What an item that is known makes two parts of, a call and its result, is one when it is not.
    let is_kept = answer.message.parts.iter().any(|part| {
        matches!(&part.content, Content::Opaque(item) if item.payload.get().contains(UNKNOWN))
    });
    ensure(after >= before || is_kept, || {
        format!(
            "{} of {before} parts of the answer are lost; an item of no known kind is \
             `Content::Opaque`, with its JSON as it came",
            before - after
        )
    })?;
    let is_unknown = answer.finish.raw.as_deref() == Some(UNKNOWN);
    let kind = serde_json::to_value(&answer.finish.kind).map_err(|error| error.to_string())?;
    // Where the place of the word says already that something was filtered, the word says what.
    let named = kind.pointer("/content_filter/other");
    let is_named = named.is_some_and(|word| word == UNKNOWN);
    ensure(
        !is_unknown
            || is_named
            || kind == "other"
            || !answer.message.parts.is_empty() && kind == "tool_calls",
        || format!("the reason to finish is read as {kind}; what is not known is `Other`"),
    )?;
    if wire.framing.is_some() {
        return Ok(());
    }
    let items = |answer: &ChatResponse| -> Vec<String> {
        let parts = answer.message.parts.iter();
        parts
            .filter_map(|part| match &part.content {
                Content::Opaque(item) => Some(item.payload.get().to_owned()),
                _ => None,
            })
            .collect()
    };
    let known = items(whole);
    let mut json = wire.json.clone();
    let around: Vec<String> = (0..=path.len())
        .filter_map(|length| Some(json.at_mut(path.get(..length)?)?.write()))
        .collect();
    // Of the items that are new, one at least is the changed one as it came.
    let new: Vec<String> = items(answer)
        .into_iter()
        .filter(|item| !known.contains(item))
        .collect();
    ensure(
        new.is_empty() || new.iter().any(|item| around.contains(item)),
        || format!("an item is kept, and not as it came: {:.120}", new.concat()),
    )
}

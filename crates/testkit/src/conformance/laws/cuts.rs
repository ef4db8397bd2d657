//! Streams that are cut: what they had cost is not all that they cost, and an error is the same
//! however its bytes arrive.

use trunkline_core::{ChatResponse, Error, Usage, chat::Completeness};

use super::{
    super::{
        Subject,
        k2::Wire,
        list::{List, Outcome, ensure},
        stage::{Answer, Stand, cut, same},
        tree::Tree,
    },
    read,
};

pub(super) fn add(list: &mut List, name: &str) {
    let (one, two) = (name.to_owned(), name.to_owned());
    list.add(
        &format!("{name}_that_breaks_off_has_no_last_figures"),
        move |subject| async move { partial(&subject, &one).await },
    );
    list.add(
        &format!("{name}_without_figures_is_not_free"),
        move |subject| async move { untold(&subject, &two).await },
    );
}

pub(super) fn add_failing(list: &mut List, name: &str, is_stream: bool) {
    if !is_stream {
        return;
    }
    let one = name.to_owned();
    list.add(
        &format!("{name}_fails_alike_however_it_is_cut"),
        move |subject| async move { alike(&subject, &one).await },
    );
}

fn figures(usage: &Usage) -> [Option<u64>; 7] {
    [
        usage.input.total,
        usage.input.uncached,
        usage.input.cache_read,
        usage.input.cache_write,
        usage.output.total,
        usage.output.text,
        usage.output.reasoning,
    ]
}

async fn partial(subject: &Subject, name: &str) -> Outcome {
    let role = read(subject, name)?;
    let stand = Stand::of(subject)?;
    let events = role.framing.split(&role.body);
    for count in 1..=events.len() {
        let pieces = events.iter().take(count).cloned();
        let answer = Answer::of(&role).pieces(pieces).broken();
        let Err(error) = stand.call(&role.op, answer).await.result else {
            continue;
        };
        let Some(usage) = error.partial().map(|answer| &answer.usage) else {
            continue;
        };
        let told = figures(usage).iter().any(Option::is_some);
        let right = match usage.completeness {
            Completeness::Final => false,
            Completeness::Missing => !told,
            _ => true,
        };
        ensure(right, || {
            cut(format!(
                "broken off after {count} events, its cost is {:?}: {:?} {:?}",
                usage.completeness, usage.input, usage.output
            ))
        })?;
    }
    Ok(())
}

/// Without the provider's own words on usage, wherever they stand in the stream as they are.
async fn untold(subject: &Subject, name: &str) -> Outcome {
    let role = read(subject, name)?;
    let Some(raw) = role.answer()?.usage.raw else {
        return Ok(());
    };
    let raw = Tree::parse(raw.get())?;
    let mut wire = Wire::of(&role)?;
    let mut found = false;
    wire.json.each_mut(&mut |tree| {
        if *tree == raw && matches!(tree, Tree::Object(_)) {
            (*tree, found) = (Tree::Leaf("null".to_owned()), true);
        }
    });
    if !found {
        return Ok(());
    }
    let stand = Stand::of(subject)?;
    let answer = Answer::of(&role).pieces(wire.pieces());
    let read = stand.call(&role.op, answer).await;
    // Where the figures are the last word too, there is no whole answer without them.
    let Ok(answer) = &read.result else {
        return Ok(());
    };
    let known = figures(&answer.usage);
    ensure(known.iter().all(Option::is_none), || {
        format!("no figures are told, and these are read: {known:?}; absent is None, never zero")
    })
}

async fn alike(subject: &Subject, name: &str) -> Outcome {
    let role = read(subject, name)?;
    let stand = Stand::of(subject)?;
    let whole = stand.call(&role.op, Answer::of(&role)).await;
    let kind = |read: &super::super::stage::Read| read.result.as_ref().err().map(Error::kind);
    let words = |read: &super::super::stage::Read| {
        let error = read.result.as_ref().err();
        error.and_then(|it| it.partial()).map(ChatResponse::text)
    };
    for at in 1..role.body.len() {
        let halves = [role.body.slice(..at), role.body.slice(at..)];
        let read = stand.call(&role.op, Answer::of(&role).pieces(halves)).await;
        let alike = kind(&read) == kind(&whole) && words(&read) == words(&whole);
        ensure(alike, || {
            format!(
                "cut after byte {at}, it fails as {:?} and not as {:?}",
                kind(&read),
                kind(&whole)
            )
        })?;
        same(&read.chunks, &whole.chunks)
            .map_err(|what| format!("cut after byte {at}, its chunks are others: {what}"))?;
    }
    Ok(())
}

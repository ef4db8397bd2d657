//! Vectors, and the order of documents.

use trunkline_core::EmbedResponse;

use super::{Checked, failed, must};
use crate::servers::{
    conversation::{DOCUMENTS, EMBEDDED, QUERY, RANKED, TEXTS, VECTOR},
    row::Subject,
};

pub(super) async fn embed(subject: &Subject, texts: &[&str]) -> Result<Vec<Vec<f32>>, String> {
    let model = subject
        .backend()
        .map_err(failed)?
        .model(subject.row.models.embed);
    let answer: EmbedResponse = model.embed(texts.iter().copied()).await.map_err(failed)?;
    let vectors: Vec<Vec<f32>> = answer
        .vectors
        .iter()
        .map(|vector| vector.as_slice().to_vec())
        .collect();
    must(
        vectors.len() == texts.len() && vectors.iter().all(|vector| !vector.is_empty()),
        format_args!("{} vectors for {} texts", vectors.len(), texts.len()),
    )?;
    Ok(vectors)
}

pub(super) async fn known(subject: &Subject) -> Checked {
    let vectors = embed(subject, &[EMBEDDED]).await?;
    let vector = vectors.first().map(Vec::as_slice).unwrap_or_default();
    let known = match subject.is_scripted() {
        true => vector == VECTOR,
        false => vector.iter().all(|number| number.is_finite()) && length(vector) > 0.0,
    };
    must(
        known,
        format_args!("the vector is {:?}", vector.get(..8).unwrap_or(vector)),
    )
}

pub(super) async fn order(subject: &Subject) -> Checked {
    let together = embed(subject, &TEXTS).await?;
    for (at, (text, vector)) in TEXTS.iter().zip(&together).enumerate() {
        let alone = embed(subject, &[text]).await?;
        let alone = alone.first().map(Vec::as_slice).unwrap_or_default();
        let others = together
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        let own = cosine(vector, alone);
        must(
            own > 0.999,
            format_args!("{text:?} has another vector alone: cosine {own:.4}"),
        )?;
        let nearest = others
            .map(|(_, other)| cosine(vector, other))
            .fold(-1.0, f64::max);
        must(
            nearest < 0.999,
            format_args!("{text:?} has the vector of another: cosine {nearest:.4}"),
        )?;
    }
    Ok(())
}

pub(super) async fn rerank(subject: &Subject) -> Checked {
    let model = subject
        .backend()
        .map_err(failed)?
        .model(subject.row.models.rerank);
    let answer = model.rerank(QUERY, DOCUMENTS).await.map_err(failed)?;
    let mut ranked: Vec<(usize, f64)> = answer
        .results
        .iter()
        .map(|ranked| (ranked.index, ranked.score))
        .collect();
    let known = match subject.is_scripted() {
        true => ranked == RANKED,
        false => {
            ranked.sort_by_key(|(index, _)| *index);
            let indexes = ranked.iter().map(|(index, _)| *index);
            indexes.eq(0..DOCUMENTS.len()) && ranked.iter().all(|(_, score)| score.is_finite())
        }
    };
    must(known, format_args!("it ranked {ranked:?}"))
}

fn length(vector: &[f32]) -> f64 {
    let squares = vector.iter().map(|number| f64::from(*number).powi(2));
    squares.sum::<f64>().sqrt()
}

pub(super) fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let products = one
        .iter()
        .zip(other)
        .map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum::<f64>() / (length(one) * length(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_tells_equal_from_other() {
        assert!((cosine(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 1e-9);
        assert!(cosine(&[1.0, 0.0], &[0.0, 1.0]).abs() < 1e-9);
    }
}

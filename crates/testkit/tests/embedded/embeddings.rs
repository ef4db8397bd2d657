//! Embeddings.

use serde_json::{Value, json};
use trunkline_testkit::embedded::EMBED_MODEL;

use crate::client::{Answer, post, provider};

async fn embed(input: Value, more: Value) -> Answer {
    let mut body = json!({ "model": EMBED_MODEL, "input": input });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    post(&provider().await, "/v1/embeddings", body).await
}

#[tokio::test]
async fn embeds_similar_texts_near_each_other() {
    for dimensions in [8, 256] {
        let more = json!({ "dimensions": dimensions });
        let answer = embed(json!(["a cat", "a cats", "stock market"]), more)
            .await
            .json();
        let vectors: Vec<Vec<f64>> = (0..3)
            .map(|index| {
                assert_eq!(answer["data"][index]["index"], index);
                serde_json::from_value(answer["data"][index]["embedding"].clone()).unwrap()
            })
            .collect();
        let dot = |a: usize, b: usize| -> f64 {
            vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum()
        };
        assert_eq!(vectors[0].len(), dimensions);
        assert!((dot(0, 0) - 1.0).abs() < 1e-6, "a unit vector");
        assert!(dot(0, 1) > dot(0, 2), "{} {}", dot(0, 1), dot(0, 2));
    }
}

#[tokio::test]
async fn embeds_what_is_given_in_any_form() {
    let floats = embed(json!("a cat"), json!({})).await.json();
    assert_eq!(floats["data"][0]["embedding"].as_array().unwrap().len(), 8);
    assert_eq!(
        floats["usage"],
        json!({ "prompt_tokens": 3, "total_tokens": 3 })
    );

    let base64 = embed(json!("a cat"), json!({ "encoding_format": "base64" }))
        .await
        .json();
    let text = base64["data"][0]["embedding"].as_str().unwrap();
    let bytes = base64_bytes(text);
    let numbers: Vec<f32> = bytes
        .chunks(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect();
    assert_eq!(json!(numbers), floats["data"][0]["embedding"]);

    for (input, count) in [
        (json!([1, 2, 3]), 1),
        (json!([[1, 2], [3]]), 2),
        (json!(["x"]), 1),
    ] {
        let answer = embed(input, json!({})).await.json();
        assert_eq!(answer["data"].as_array().unwrap().len(), count);
    }
    for input in [
        json!(""),
        json!([]),
        json!(["a", ""]),
        json!([[]]),
        json!({}),
        json!(["a", 1]),
    ] {
        assert_eq!(
            embed(input, json!({})).await.json()["error"]["param"],
            "input"
        );
    }
}

fn base64_bytes(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text
        .trim_end_matches('=')
        .chars()
        .map(|c| alphabet.find(c).unwrap());
    let bits: String = digits.map(|digit| format!("{digit:06b}")).collect();
    let whole = bits.as_bytes().chunks_exact(8);
    whole
        .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
        .collect()
}

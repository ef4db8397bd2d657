//! The same without us: what it costs at least.

use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

#[derive(serde::Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(serde::Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(serde::Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<std::borrow::Cow<'a, str>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .try_with_platform_verifier()?
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .build();
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let body = r#"{"model":"llama-3.3-70b-versatile","stream":true,"messages":[{"role":"user","content":"Why is the sky blue?"}]}"#;
    let request = hyper::Request::post("https://api.groq.com/openai/v1/chat/completions")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", std::env::var("GROQ_API_KEY")?))
        .body(Full::new(hyper::body::Bytes::from_static(body.as_bytes())))?;
    let mut answer = client.request(request).await?.into_body();
    let mut rest = Vec::new();
    while let Some(frame) = answer.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        rest.extend_from_slice(&data);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let Some(json) = line.strip_prefix(b"data: {".as_slice()).map(|_| &line[6..]) else { continue };
            for choice in serde_json::from_slice::<Chunk<'_>>(json)?.choices {
                print!("{}", choice.delta.content.unwrap_or_default());
            }
        }
    }
    Ok(())
}

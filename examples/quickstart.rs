//! The main job, from a question to the statistics.
//!
//! `cargo run --example quickstart`
//!
//! With `OPENAI_API_KEY` or `GROQ_API_KEY` it talks to that provider; `OPENAI_BASE_URL` with
//! `OPENAI_API=chat-completions` takes it to any server that speaks chat completions. Without a key
//! it looks for a server on this machine: vLLM, llama.cpp, TGI, Ollama, OpenVINO. Without one it
//! talks to the test kit's embedded provider: a real server on loopback, without a model behind it.

use std::{io::Write, process::ExitCode};

use schemars::JsonSchema;
use serde::Deserialize;
use trunkline::{
    Backend, Capabilities, ChatRequest, HttpClient, Message, Model, ProviderDef, Registry, Result,
    Tool,
};
use trunkline_groq::Groq;
use trunkline_openai::{OpenAi, compatible};
use trunkline_testkit::{EmbeddedProvider, embedded};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let (model, embedder, place) = connect().await?;

    chat(&model).await?;
    stream(&model).await?;
    place.judge(tools(&model).await)?;
    place.judge(structured(&model).await)?;
    fallback(&model).await?;
    match &embedder {
        Some(embedder) => place.judge(embeddings(embedder).await)?,
        None => println!("\n— Embeddings —\n(this provider has none)"),
    }
    statistics(model.backend());
    Ok(())
}

/// Where the models are.
enum Place {
    Provider,
    /// A server on this machine, with whatever model it was given.
    Home,
    /// The embedded provider, which must be kept as long as it is used.
    Embedded(#[allow(dead_code, reason = "it ends when it is dropped")] EmbeddedProvider),
}

impl Place {
    /// Not every model that somebody runs at home can do everything.
    fn judge(&self, result: Result<()>) -> Result<()> {
        match (self, result) {
            (Self::Home, Err(error)) => {
                println!("(This model cannot: {error})");
                Ok(())
            }
            (_, result) => result,
        }
    }
}

/// Who may run on this machine, in the order in which they are preferred.
const AT_HOME: [ProviderDef; 5] = [
    trunkline_vllm::PROVIDER,
    trunkline_llamacpp::PROVIDER,
    trunkline_tgi::PROVIDER,
    trunkline_ollama::PROVIDER,
    trunkline_ovms::PROVIDER,
];

/// The first model that a server on this machine lists and that talks, and the same one to embed with.
async fn at_home() -> Result<Option<(Model, Option<Model>)>> {
    let found = Registry::discover(&AT_HOME, HttpClient::shared()).await?;
    for (name, backend) in found.capable_of(Capabilities::NONE.chat().stream()) {
        if let Some(model) = backend.models().await?.first() {
            let model = backend.model(model.id.as_str());
            println!("Talking to {name} on this machine, model {}.", model.name());
            let embeds = backend.info().capabilities.embed;
            return Ok(Some((model.clone(), embeds.then_some(model))));
        }
    }
    Ok(None)
}

/// The first of: OpenAI, Groq, a server on this machine, the embedded provider.
async fn connect() -> Result<(Model, Option<Model>, Place)> {
    let is_set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    if is_set("OPENAI_API_KEY") || is_set("OPENAI_BASE_URL") {
        let vars = |name: &str| {
            // A server of your own may want no key; the protocol wants some.
            let keyless = name == "OPENAI_API_KEY" && !is_set(name) && !is_set("OPENAI_API_KEYS");
            std::env::var(name)
                .ok()
                .or_else(|| keyless.then(|| "none".to_owned()))
        };
        let openai = OpenAi::from_vars(&vars)?;
        let model = openai.default_model()?;
        let place = std::env::var("OPENAI_BASE_URL").map_or("OpenAI".to_owned(), |url| {
            format!("{url}, by OpenAI's protocol")
        });
        println!("Talking to {place}, model {}.", model.name());
        let embedder = openai.model("text-embedding-3-small");
        return Ok((model, Some(embedder), Place::Provider));
    }
    if is_set("GROQ_API_KEY") {
        let model = Groq::from_env()?.default_model()?;
        println!("Talking to Groq, model {}.", model.name());
        return Ok((model, None, Place::Provider));
    }
    if let Some((model, embedder)) = at_home().await? {
        return Ok((model, embedder, Place::Home));
    }
    let server = EmbeddedProvider::builder()
        .rate_limit_first(true)
        .start()
        .await;
    println!(
        "No key is set and no server found: talking to the embedded provider at {}, which has no model behind it.",
        server.url()
    );
    println!("Set OPENAI_API_KEY or GROQ_API_KEY to talk to a real one.");
    let account = compatible(server.key(), server.url(), HttpClient::shared())?;
    let (model, embedder) = (
        account.model(embedded::CHAT_MODEL),
        account.model(embedded::EMBED_MODEL),
    );
    Ok((model, Some(embedder), Place::Embedded(server)))
}

async fn chat(model: &Model) -> Result<()> {
    println!("\n— A chat —");
    let answer = model.chat("Why is the sky blue? One sentence.").await?;
    println!("{}", answer.text());
    if answer.meta().attempts > 1 {
        println!(
            "(It took {} attempts: the first was refused, and repeated unseen.)",
            answer.meta().attempts
        );
    }
    Ok(())
}

async fn stream(model: &Model) -> Result<()> {
    println!("\n— The same, word by word —");
    let mut words = model
        .chat("Tell me a very short story.")
        .stream()
        .await?
        .text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
        // Output that fails to flush is output that nobody sees: nothing to do about it here.
        let _ = std::io::stdout().flush();
    }
    println!();
    Ok(())
}

/// The weather somewhere.
#[derive(Deserialize, JsonSchema)]
struct Weather {
    /// The city, as the user named it.
    city: String,
}

async fn tools(model: &Model) -> Result<()> {
    println!("\n— A tool —");
    let mut chat = ChatRequest::from("Do I need an umbrella in Oslo?").tool(Tool::of::<Weather>(
        "weather",
        "The weather in a city, now.",
    ));
    // A model may want tools several times; this many rounds are enough for one question.
    for _ in 0..5 {
        let answer = model.chat(chat.clone()).await?;
        if answer.tool_calls().next().is_none() {
            println!("{}", answer.text());
            return Ok(());
        }
        chat = chat.message(Message::assistant(&answer));
        for call in answer.tool_calls() {
            let message = match call.parse::<Weather>() {
                Ok(Weather { city }) => {
                    println!("(The model asks for the weather in {city}.)");
                    Message::tool_result(call, format!("Rain in {city}, 9 °C."))
                }
                // The model reads what was wrong and tries again.
                Err(error) => Message::tool_error(call, error.to_string()),
            };
            chat = chat.message(message);
        }
    }
    println!("(The model went on asking for tools.)");
    Ok(())
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Recipe {
    title: String,
    minutes: u32,
    steps: Vec<String>,
}

async fn structured(model: &Model) -> Result<()> {
    println!("\n— An answer as a Rust type —");
    let recipe: Recipe = model.chat("A lasagna for two.").extract().await?;
    println!(
        "{} ({} minutes, {} steps)",
        recipe.title,
        recipe.minutes,
        recipe.steps.len()
    );
    Ok(())
}

/// What fails before anything was shown is repeated, or asked of another model; `cargo run --example
/// resilience` shows more of it.
async fn fallback(model: &Model) -> Result<()> {
    println!("\n— A model that is not there, and one that stands by —");
    let missing = model.backend().model("no-such-model");
    let answer = missing
        .or(model.clone())
        .chat("Who answers, in five words?")
        .await?;
    println!(
        "{}\n(By {}, in attempt {}.)",
        answer.text(),
        answer.model,
        answer.meta().attempts
    );
    Ok(())
}

async fn embeddings(embedder: &Model) -> Result<()> {
    println!("\n— Embeddings —");
    let texts = ["a cat on a mat", "a cat on the mat", "the price of copper"];
    let embedded = embedder.embed(texts).dimensions(64).await?;
    if let [cat, same_cat, copper] = &embedded.vectors[..] {
        println!(
            "{:?} and {:?}: {:.2}",
            texts[0],
            texts[1],
            cosine(cat, same_cat)
        );
        println!(
            "{:?} and {:?}: {:.2}",
            texts[0],
            texts[2],
            cosine(cat, copper)
        );
    }
    Ok(())
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn statistics(backend: &Backend) {
    println!("\n— What happened at the endpoint —");
    for endpoint in backend.stats().endpoints {
        println!("{} at {}", endpoint.provider, endpoint.endpoint);
        println!(
            "  calls {}, completed {}, retries {}",
            endpoint.calls, endpoint.completed, endpoint.retries
        );
        println!("  errors {:?}", endpoint.errors);
        println!(
            "  tokens in {}, out {}",
            endpoint.input_tokens, endpoint.output_tokens
        );
        let first = endpoint.time_to_first_content;
        println!(
            "  first content within {:?} (half of {} streams)",
            first.p50, first.count
        );
    }
}

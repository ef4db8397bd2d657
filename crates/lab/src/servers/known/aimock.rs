//! aimock (MIT), a mock with the providers' own paths, from npm. It plays the conversation in each of
//! them; its shapes are its authors' reading of the providers, so never the measure of ours.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use super::{Found, Place, Ready, Server};
use crate::servers::{
    checks::Check::{CountTokens, Embed, EmbedOrder, Models, Tokenize, TooLong},
    conversation::{
        AGAIN, BOTH_PROMPT, BROKEN, CITIES, CITY, CUT, EMBEDDED, GREET, GREET_TOKENS, JSON, KEY,
        MODEL, OVERLOADED, QUERY, RANKED, RATE_LIMIT, SLOW, SYSTEM, THINK, THOUGHT, TOO_LONG,
        TOO_LONG_WORDS, TOOL, TOOLS, Talk, VECTOR, WEATHER,
    },
    home::{Home, npm_package, on_path},
    load::Work,
    recipe::Recipe,
    row::Row,
};

const NAME: &str = "aimock";
const PACKAGE: &str = "@copilotkit/aimock";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "a mock of many providers",
    recipe: Recipe::Npm {
        package: PACKAGE,
        version: "1.43.0",
    },
    find,
    ready: Ready::Success("/health"),
    startup: Duration::from_secs(20),
    patience: Duration::from_secs(20),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    vec![
        Row::of("openai", "/v1")
            .setting("api", "chat-completions")
            .load(Work::Chat),
        Row::of("openai", "/v1")
            .named("responses")
            .lacks(&[CountTokens], NO_PATH),
        Row::of("azure", "")
            .setting("api_version", "2024-10-21")
            .lacks(&[Models], NO_PATH),
        Row::of("openrouter", "/api/v1"),
        Row::of("anthropic", "/v1")
            .lacks(&[TooLong], OPENAIS_WORDS)
            .lacks(&[CountTokens], NO_PATH),
        gemini("gemini", "/v1beta"),
        gemini("vertex", "/v1/projects/lab/locations/global").lacks(&[Embed], NO_PATH),
        Row::of("ollama", "/api").lacks(&[TooLong], OPENAIS_WORDS),
        Row::of("cohere", "")
            .lacks(&[TooLong], OPENAIS_WORDS)
            .lacks(&[Tokenize], NO_PATH),
        Row::of("bedrock", "")
            .lacks(&[TooLong], OPENAIS_WORDS)
            .lacks(&[Models, CountTokens, Embed, EmbedOrder], NO_PATH),
    ]
}

fn gemini(provider: &'static str, path: &'static str) -> Row {
    Row::of(provider, path)
        .lacks(&[TooLong], OPENAIS_WORDS)
        .lacks(&[Models, CountTokens, EmbedOrder], NO_PATH)
}

const NO_PATH: &str = "it has no such path";
const OPENAIS_WORDS: &str = "it has OpenAI's words for a full context in every protocol";

fn find(home: &Home) -> Option<Found> {
    let version = home.npm_version(NAME, PACKAGE)?;
    let node = on_path("node")?;
    let library = npm_package(&home.folder(NAME), PACKAGE).join("dist/index.js");
    let start = move |place: &Place<'_>| {
        let script = json!({ "fixtures": script() });
        let script = place.write("script.json", &script.to_string())?;
        let program = program(
            &library.to_string_lossy(),
            &script.to_string_lossy(),
            place.port,
        );
        let mut command = Command::new(&node);
        command.arg(place.write("serve.mjs", &program)?);
        // The keys are read from the environment only.
        command.env("AIMOCK_API_KEYS", KEY);
        Ok(command)
    };
    Some(Found {
        version: Some(version),
        reference: None,
        start: Box::new(start),
    })
}

/// Its command line knows no ranking, its library does.
fn program(library: &str, script: &str, port: u16) -> String {
    let results = RANKED.map(|(index, score)| json!({"index": index, "relevance_score": score}));
    let of = |value: &str| Value::from(value).to_string();
    let (library, script) = (of(library), of(script));
    let (query, results) = (of(QUERY), Value::from(results.to_vec()));
    let key = of(KEY);
    format!(
        "import {{ pathToFileURL }} from 'node:url';\n\
         const {{ LLMock }} = await import(pathToFileURL({library}));\n\
         const auth = {{ apiKeys: [{key}] }};\n\
         const mock = new LLMock({{ host: '127.0.0.1', port: {port}, logLevel: 'warn', auth }});\n\
         mock.loadFixtureFile({script});\n\
         mock.onRerank({query}, {results});\n\
         await mock.start();\n"
    )
}

/// The conversation, as it reads it.
fn script() -> Vec<Value> {
    let says = |talk: &Talk| said(talk.prompt, json!({ "content": talk.answer }));
    let call = |city: &str| json!({"name": TOOL, "arguments": json!({ "city": city }).to_string()});
    let error = |prompt: &str, status: u16, kind: &str, code: &str, message: &str| {
        let error = json!({"message": message, "type": kind, "code": code});
        said(prompt, json!({"error": error, "status": status}))
    };
    let fails = |prompt: &str, status: u16, kind: &str, code: &str| {
        error(prompt, status, kind, code, "the script wants it so")
    };
    vec![
        with(
            says(&GREET),
            json!({
                "match": {"systemMessage": SYSTEM},
                "response": {"usage": usage()},
                "chunkSize": 5,
            }),
        ),
        with(
            says(&SLOW),
            json!({"chunkSize": 8, "streamingProfile": pace(20)}),
        ),
        said(
            THINK.prompt,
            json!({"content": THINK.answer, "reasoning": THOUGHT}),
        ),
        says(&JSON),
        with(
            said(TOOLS.prompt, json!({"toolCalls": [call(CITY)]})),
            json!({"match": {"hasToolResult": false, "toolName": TOOL}, "chunkSize": 6}),
        ),
        with(
            says(&TOOLS),
            json!({"match": {"toolResultContains": WEATHER}}),
        ),
        with(
            said(BOTH_PROMPT, json!({"toolCalls": CITIES.map(call)})),
            json!({"match": {"toolName": TOOL}, "chunkSize": 6}),
        ),
        // Paced, or the head of the answer would never be sent.
        with(
            says(&CUT),
            json!({"chunkSize": 6, "truncateAfterChunks": 9, "streamingProfile": pace(50)}),
        ),
        with(
            fails(AGAIN.prompt, 503, "server_error", "unavailable"),
            json!({"match": {"sequenceIndex": 0}}),
        ),
        with(says(&AGAIN), json!({"match": {"sequenceIndex": 1}})),
        fails(RATE_LIMIT, 429, "rate_limit_error", "rate_limit_exceeded"),
        fails(OVERLOADED, 529, "overloaded_error", "overloaded"),
        fails(BROKEN, 500, "server_error", "server_error"),
        error(
            TOO_LONG,
            400,
            "invalid_request_error",
            "context_length_exceeded",
            TOO_LONG_WORDS,
        ),
        json!({"match": {"inputText": EMBEDDED}, "response": {"embedding": VECTOR}}),
    ]
}

fn said(prompt: &str, response: Value) -> Value {
    json!({"match": {"model": MODEL, "userMessage": prompt}, "response": response})
}

/// By the names of every dialect: it picks those of the one that it is asked in.
fn usage() -> Value {
    let (input, output) = GREET_TOKENS;
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "input_tokens": input, "output_tokens": output,
        "promptTokenCount": input, "candidatesTokenCount": output, "totalTokenCount": input + output,
    })
}

fn pace(pieces_per_second: u32) -> Value {
    json!({"ttft": 20, "tps": pieces_per_second, "jitter": 0})
}

/// Adds to what is there, two levels deep.
fn with(mut entry: Value, more: Value) -> Value {
    let (Value::Object(entry_of), Value::Object(more)) = (&mut entry, more) else {
        return entry;
    };
    for (name, value) in more {
        match (entry_of.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (_, value) => drop(entry_of.insert(name, value)),
        }
    }
    entry
}

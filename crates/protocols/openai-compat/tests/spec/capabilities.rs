//! Every capability in both directions: declared, it is on the wire and nobody is warned; not
//! declared, it is not there, there is one warning, and a strict request is refused unsent.

use std::sync::Arc;

use trunkline_core::{
    Call, Capabilities, ChatRequest, EmbedRequest, ErrorKind, Json, Message, Op, Part, Role, Tool,
    Warning,
    chat::{Effort, Format, Media, Modality, Source, ToolChoice},
    models::ModelsRequest,
};
use trunkline_openai_compat::Dialect;

use crate::support::{PROVIDER, account_in, body_of, chat};

struct Row {
    flag: &'static str,
    op: Op,
    /// What stands on the wire if it was declared, and not otherwise.
    wire: &'static str,
}

fn row(flag: &'static str, wire: &'static str, request: ChatRequest) -> Row {
    Row {
        flag,
        op: chat(request),
        wire,
    }
}

fn hi() -> ChatRequest {
    ChatRequest::from("hi")
}

fn media(media_type: &'static str) -> ChatRequest {
    let media = Media::new(media_type, Source::Bytes("bytes".into()));
    hi().message(Message::new(Role::User, [Part::new(media)]))
}

fn with(change: impl FnOnce(&mut ChatRequest)) -> ChatRequest {
    let mut request = hi();
    change(&mut request);
    request
}

fn tool() -> Tool {
    Tool::new(
        "look",
        "Looks.",
        Json::parse(r#"{"type":"object"}"#).unwrap(),
    )
}

fn rows() -> Vec<Row> {
    let schema = Json::parse(r#"{"type":"object"}"#).unwrap();
    let format = Format::Schema {
        name: "x".into(),
        schema,
        strict: true,
    };
    let mut embed = EmbedRequest::new(["a"]).model("m");
    embed.dimensions = Some(4);
    vec![
        row("tools", r#""tools":"#, hi().tool(tool())),
        row(
            "tool_choice",
            r#""tool_choice":"#,
            hi().tool(tool()).tool_choice(ToolChoice::Required),
        ),
        row(
            "parallel_tools",
            r#""parallel_tool_calls":false"#,
            hi().tool(tool()).parallel_tools(false),
        ),
        row("json", r#""json_object""#, hi().format(Format::Json)),
        row("schema", r#""json_schema""#, hi().format(format)),
        row("image_in", r#""image_url""#, media("image/png")),
        row("audio_in", r#""input_audio""#, media("audio/wav")),
        row("video_in", r#""video_url""#, media("video/mp4")),
        row("document_in", r#""file_data""#, media("application/pdf")),
        row(
            "image_out",
            r#""image""#,
            with(|request| request.modalities = vec![Modality::Text, Modality::Image]),
        ),
        row(
            "audio_out",
            r#""audio""#,
            with(|request| request.modalities = vec![Modality::Text, Modality::Audio]),
        ),
        row("temperature", r#""temperature":0.5"#, hi().temperature(0.5)),
        row("top_p", r#""top_p":0.5"#, hi().top_p(0.5)),
        row("top_k", r#""top_k":4"#, hi().top_k(4_u64)),
        row("min_p", r#""min_p":0.5"#, hi().min_p(0.5)),
        row(
            "frequency_penalty",
            r#""frequency_penalty":0.5"#,
            hi().frequency_penalty(0.5),
        ),
        row(
            "presence_penalty",
            r#""presence_penalty":0.5"#,
            hi().presence_penalty(0.5),
        ),
        row("seed", r#""seed":-7"#, hi().seed(-7_i64)),
        row("stop", r#""stop":["."]"#, hi().stop(".")),
        row("candidates", r#""n":2"#, hi().candidates(2_u32)),
        row("logprobs", r#""logprobs":true"#, hi().logprobs(3_u32)),
        row(
            "logit_bias",
            r#""logit_bias":{"7":-1.0}"#,
            with(|request| {
                request.logit_bias.insert(7, -1.0);
            }),
        ),
        row(
            "reasoning",
            r#""reasoning_effort":"low""#,
            hi().effort(Effort::Low),
        ),
        row(
            "service_tier",
            r#""service_tier":"flex""#,
            hi().service_tier("flex"),
        ),
        row("user", r#""user":"u-1""#, hi().end_user("u-1")),
        row(
            "metadata",
            r#""metadata":{"a":"b"}"#,
            hi().metadata("a", "b"),
        ),
        Row {
            flag: "dimensions",
            op: Op::Embed(Arc::new(embed)),
            wire: r#""dimensions":4"#,
        },
    ]
}

/// What chat completions have no place for, whoever serves them.
const NOT_OF_THIS_WIRE: [&str; 9] = [
    "rerank",
    "count_tokens",
    "precision",
    "tokenize",
    "detokenize",
    "infer",
    "object",
    "ready",
    "load",
];

/// All that there is.
fn everything() -> Dialect {
    let can = Dialect::OPENAI
        .capabilities
        .video_in()
        .image_out()
        .top_k()
        .min_p()
        .prefill();
    assert!(
        can.flags()
            .all(|(flag, on)| on || NOT_OF_THIS_WIRE.contains(&flag)),
        "a new flag: declare it here, and give it a row"
    );
    Dialect::OPENAI.capabilities(can)
}

fn without(flag: &str) -> Dialect {
    let all = everything();
    all.capabilities(all.capabilities.without(flag))
}

#[test]
fn k6_every_flag_has_a_row() {
    const ELSEWHERE: [&str; 5] = ["chat", "stream", "embed", "list_models", "prefill"];
    let rows = rows();
    for (flag, _) in Capabilities::NONE.flags() {
        let elsewhere = ELSEWHERE.contains(&flag) || NOT_OF_THIS_WIRE.contains(&flag);
        let known = elsewhere || rows.iter().any(|row| row.flag == flag);
        assert!(known, "`{flag}` has no row");
    }
}

#[test]
fn k6_declared_it_is_on_the_wire() {
    for Row { flag, op, wire } in rows() {
        let (body, warnings) = body_of(everything(), &op).unwrap();
        assert!(body.contains(wire), "{flag}: {body}");
        assert_eq!(warnings, [], "{flag}");
    }
}

#[test]
fn k6_undeclared_it_is_not_and_there_is_one_warning() {
    for Row { flag, op, wire } in rows() {
        let (body, warnings) = body_of(without(flag), &op).unwrap();
        assert!(!body.contains(wire), "{flag}: {body}");
        let expected = match flag {
            "schema" => Warning::coerced("format", "schema", "json"),
            flag => Warning::unsupported(flag),
        };
        assert_eq!(warnings, [expected], "{flag}");
    }
}

#[tokio::test]
async fn k6_undeclared_and_strict_it_is_refused_unsent() {
    for Row { flag, op, .. } in rows() {
        let op = match op {
            Op::Chat(request) => Op::Chat(Arc::new((*request).clone().strict())),
            Op::Embed(request) => {
                let mut request = (*request).clone();
                request.strict = true;
                Op::Embed(Arc::new(request))
            }
            other => other,
        };
        // Nobody listens there: an attempt to send would be another error.
        let account = account_in("http://127.0.0.1:9", &PROVIDER, without(flag));
        let error = account.bare().call(Call::new(op)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{flag}: {error}");
        let name = if flag == "schema" { "format" } else { flag };
        assert!(error.to_string().contains(name), "{flag}: {error}");
    }
}

#[test]
fn k6_an_operation_that_is_undeclared_is_refused() {
    let request = || Arc::new(hi().model("m"));
    for (flag, op) in [
        ("chat", Op::Chat(request())),
        ("stream", Op::ChatStream(request())),
        (
            "embed",
            Op::Embed(Arc::new(EmbedRequest::new(["a"]).model("m"))),
        ),
        (
            "list_models",
            Op::Models(Arc::new(ModelsRequest::default())),
        ),
    ] {
        assert!(body_of(everything(), &op).is_ok(), "{flag}");
        let error = body_of(without(flag), &op).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{flag}");
    }
}

/// A last message of the assistant cannot be left out: it is sent, and the warning says what the
/// provider will not do with it.
#[test]
fn k6_prefill() {
    let op = chat(hi().message(Message::assistant_text("Sure: ")));
    assert_eq!(body_of(everything(), &op).unwrap().1, []);
    assert_eq!(
        body_of(without("prefill"), &op).unwrap().1,
        [Warning::unsupported("prefill")]
    );
}

#[test]
fn of_two_modalities_the_one_that_is_declared_is_sent() {
    let op = chat(with(|request| {
        request.modalities = vec![Modality::Text, Modality::Image, Modality::Audio];
    }));
    let (body, _) = body_of(without("image_out"), &op).unwrap();
    assert!(body.contains(r#""modalities":["text","audio"]"#), "{body}");
}

#[test]
fn what_has_no_form_here_is_left_out_with_a_warning() {
    let mut mcp = tool();
    mcp.kind = trunkline_core::chat::ToolKind::Mcp("files".into());
    let (body, warnings) = body_of(everything(), &chat(hi().tool(mcp))).unwrap();
    assert!(!body.contains("tools"), "{body}");
    assert_eq!(warnings, [Warning::unsupported("tools.mcp")]);

    let picture = Part::image("image/png", "bytes");
    let request = ChatRequest::new([
        Message::new(Role::Assistant, [picture]),
        Message::user("hi"),
    ]);
    let (body, warnings) = body_of(everything(), &chat(request)).unwrap();
    assert!(!body.contains("image"), "{body}");
    assert_eq!(warnings, [Warning::unsupported("media of the assistant")]);
}

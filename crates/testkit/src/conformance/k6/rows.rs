//! One row for each capability that a request can ask for.

use trunkline_core::{
    ChatRequest, Json, Part, Tool,
    chat::{Effort, Format, Media, Modality, Source, ToolChoice},
};

/// A capability, and requests that ask for it.
pub(in super::super) struct Row {
    pub(super) flag: &'static str,
    /// The capability that it is a part of.
    pub(super) of: Option<&'static str>,
    /// What warnings may call it beside its flag.
    pub(super) also: Option<&'static str>,
    /// The request to compare with.
    pub(super) base: Change,
    pub(super) one: Change,
    /// The same with another value.
    pub(super) other: Option<Change>,
    /// The same with the value that other settings can have too.
    pub(super) same: Option<Change>,
    /// What of it is on the wire, whatever the wire.
    pub(super) traces: &'static [&'static str],
    /// Whether the rest of the request may look another way for its absence.
    pub(super) is_near: bool,
}

pub(super) type Change = fn(ChatRequest) -> ChatRequest;

const fn row(flag: &'static str, one: Change) -> Row {
    Row {
        flag,
        of: None,
        also: None,
        base: |request| request,
        one,
        other: None,
        same: None,
        traces: &[],
        is_near: false,
    }
}

impl Row {
    const fn or(mut self, other: Change) -> Self {
        self.other = Some(other);
        self
    }

    const fn same(mut self, same: Change) -> Self {
        self.same = Some(same);
        self
    }

    const fn traces(mut self, traces: &'static [&'static str]) -> Self {
        self.traces = traces;
        self
    }

    const fn near(mut self) -> Self {
        self.is_near = true;
        self
    }

    const fn also(mut self, name: &'static str) -> Self {
        self.also = Some(name);
        self
    }

    const fn of(mut self, flag: &'static str, base: Change) -> Self {
        self.of = Some(flag);
        self.base = base;
        self
    }
}

pub(super) static ROWS: &[Row] = &[
    row("tools", |request| request.tool(tool("look_up")))
        .or(|request| request.tool(tool("look_down")))
        .traces(&["look_up", "conformance_argument"]),
    row("tool_choice", |request| {
        request.tool_choice(ToolChoice::Required)
    })
    // Not `None`: who has no word for it may tell no tools, which says the same.
    .or(|request| request.tool_choice(ToolChoice::Named("look_up".to_owned())))
    // Of two: to name a sole one is to require it.
    .of("tools", |request| {
        with_tool(request).tool(tool("look_down"))
    }),
    row("parallel_tools", |request| request.parallel_tools(false))
        .or(|request| request.parallel_tools(true))
        .of("tools", with_tool),
    row("json", |request| request.format(Format::Json)).also("format"),
    row("schema", |request| request.format(schema("one")))
        .or(|request| request.format(schema("two")))
        .traces(&["conformance_field_one"])
        .near()
        .also("format"),
    row("image_in", |request| {
        with(request, Part::image("image/png", "the image"))
    })
    .or(|request| with(request, Part::image("image/png", "another image")))
    .traces(&["dGhlIGltYWdl"])
    .near(),
    row("audio_in", |request| {
        with(request, Part::audio("audio/wav", "the sound"))
    })
    .or(|request| with(request, Part::audio("audio/wav", "another sound")))
    .traces(&["dGhlIHNvdW5k"])
    .near(),
    row("video_in", |request| with(request, video("the video")))
        .or(|request| with(request, video("another video")))
        .traces(&["dGhlIHZpZGVv"])
        .near(),
    row("document_in", |request| {
        with(request, document("the pages"))
    })
    .or(|request| with(request, document("other pages")))
    .traces(&["dGhlIHBhZ2Vz"])
    .near(),
    row("image_out", |request| modality(request, Modality::Image)),
    row("audio_out", |request| modality(request, Modality::Audio)),
    row("temperature", |request| request.temperature(0.25))
        .or(|request| request.temperature(0.75))
        .same(|request| request.temperature(0.5)),
    row("top_p", |request| request.top_p(0.25))
        .or(|request| request.top_p(0.75))
        .same(|request| request.top_p(0.5)),
    row("top_k", |request| request.top_k(7)).or(|request| request.top_k(9)),
    row("min_p", |request| request.min_p(0.25))
        .or(|request| request.min_p(0.75))
        .same(|request| request.min_p(0.5)),
    row("frequency_penalty", |request| {
        request.frequency_penalty(0.25)
    })
    .or(|request| request.frequency_penalty(0.75))
    .same(|request| request.frequency_penalty(0.5)),
    row("presence_penalty", |request| request.presence_penalty(0.25))
        .or(|request| request.presence_penalty(0.75))
        .same(|request| request.presence_penalty(0.5)),
    row("seed", |request| request.seed(4_711))
        .or(|request| request.seed(4_712))
        .traces(&["4711"]),
    row("stop", |request| request.stop("<halt>"))
        .or(|request| request.stop("<halt>").stop("<end>"))
        .traces(&["<halt>"]),
    row("candidates", |request| request.candidates(2)).or(|request| request.candidates(3)),
    row("logprobs", |request| request.logprobs(2)).or(|request| request.logprobs(0)),
    row("logit_bias", |request| bias(request, -1.0))
        .or(|request| bias(request, 1.0))
        .traces(&["4713"]),
    row("reasoning", |request| request.effort(Effort::Low))
        .or(|request| request.effort(Effort::High)),
    row("service_tier", |request| request.service_tier("flex"))
        .or(|request| request.service_tier("priority"))
        .same(|request| request.service_tier("conformance")),
    row("user", |request| request.end_user("pseudonym-1"))
        .or(|request| request.end_user("pseudonym-2"))
        .same(|request| request.end_user("conformance"))
        .traces(&["pseudonym-1"]),
    row("metadata", |request| request.metadata("label", "value-1"))
        .or(|request| request.metadata("label", "value-2"))
        .traces(&["value-1"]),
];

fn tool(name: &str) -> Tool {
    let schema = serde_json::json!({
        "type": "object",
        "properties": { "conformance_argument": { "type": "string" } },
        "required": ["conformance_argument"],
        "additionalProperties": false,
    });
    Tool::new(name, "Looks something up.", Json::from(schema))
}

fn with_tool(request: ChatRequest) -> ChatRequest {
    request.tool(tool("look_up"))
}

fn schema(which: &str) -> Format {
    let field = format!("conformance_field_{which}");
    Format::Schema {
        name: "answer".to_owned(),
        schema: Json::from(serde_json::json!({
            "type": "object",
            "properties": { &field: { "type": "string" } },
            "required": [&field],
            "additionalProperties": false,
        })),
        strict: true,
    }
}

/// The part beside the words of the last message.
fn with(mut request: ChatRequest, part: Part) -> ChatRequest {
    if let Some(message) = request.messages.last_mut() {
        message.parts.push(part);
    }
    request
}

fn video(bytes: &'static str) -> Part {
    Part::new(Media::new("video/mp4", Source::Bytes(bytes.into())))
}

fn document(bytes: &'static str) -> Part {
    Part::document("application/pdf", "pages.pdf", bytes)
}

fn modality(mut request: ChatRequest, modality: Modality) -> ChatRequest {
    request.modalities = vec![Modality::Text, modality];
    request
}

fn bias(mut request: ChatRequest, bias: f64) -> ChatRequest {
    request.logit_bias.insert(4_713, bias);
    request
}

//! Requests in golden form, and answers in odd ones.

use std::sync::Arc;

use bytes::Bytes;
use trunkline_core::{
    ChatRequest, Content, EmbedRequest, ErrorKind, Json, Message, Op, Part, Role, Tool,
    chat::{FinishKind, ReasoningSetting, ToolChoice, ToolKind},
    models::ModelsRequest,
    protocol::Protocol,
};
use trunkline_openai_compat::{Dialect, OpenAiCompat, ReasoningParam};

use crate::support::{body_of, chat, delta, finish, head, stream, whole};

fn body(dialect: Dialect, request: ChatRequest) -> String {
    body_of(dialect, &chat(request)).unwrap().0
}

#[test]
fn k1_the_order_of_keys_is_fixed() {
    let schema = Json::parse(r#"{"z":1,"a":{"y":1.0,"b":2}}"#).unwrap();
    let request = ChatRequest::from("hi")
        .system("s")
        .tool(Tool::new("f", "d", schema).strict(true))
        .tool_choice(ToolChoice::Named("f".into()))
        .temperature(0.0)
        .seed(1_i64)
        .max_output_tokens(9_u64)
        .stop("x")
        .logprobs(2_u32)
        .metadata("b", "1")
        .metadata("a", "2")
        .end_user("u");
    let op = Op::ChatStream(Arc::new(request.model("m")));
    let (first, _) = body_of(Dialect::OPENAI, &op).unwrap();
    assert_eq!(
        first,
        concat!(
            r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}],"#,
            r#""temperature":0.0,"seed":1,"max_completion_tokens":9,"stop":["x"],"logprobs":true,"top_logprobs":2,"#,
            r#""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"z":1,"a":{"y":1.0,"b":2}},"strict":true}}],"#,
            r#""tool_choice":{"type":"function","function":{"name":"f"}},"#,
            r#""user":"u","metadata":{"a":"2","b":"1"},"stream":true,"stream_options":{"include_usage":true}}"#,
        )
    );
    assert_eq!(
        body_of(Dialect::OPENAI, &op).unwrap().0,
        first,
        "the same each time"
    );
}

#[test]
fn k1_dialects_differ_in_data() {
    let request = || {
        let mut request = ChatRequest::new([Message::developer("d"), Message::user("hi")]);
        request.max_output_tokens = Some(9);
        request
    };
    assert!(body(Dialect::OPENAI, request()).contains(r#""role":"developer""#));
    let plain = Dialect::of(&crate::support::PROVIDER).capabilities(Dialect::OPENAI.capabilities);
    let text = body(plain, request());
    assert!(
        text.contains(r#""role":"system""#) && text.contains(r#""max_tokens":9"#),
        "{text}"
    );

    let thinking = |setting| request().reasoning(setting);
    let object = plain.reasoning(ReasoningParam::Object);
    let text = body(object, thinking(ReasoningSetting::Budget(1_024)));
    assert!(
        text.contains(r#""reasoning":{"max_tokens":1024}"#),
        "{text}"
    );
    let text = body(
        object,
        thinking(ReasoningSetting::Effort(trunkline_core::chat::Effort::High)),
    );
    assert!(text.contains(r#""reasoning":{"effort":"high"}"#), "{text}");

    let op = Op::ChatStream(Arc::new(ChatRequest::from("hi").model("m")));
    assert!(
        !body_of(plain.no_stream_usage(), &op)
            .unwrap()
            .0
            .contains("stream_options")
    );
    let patched = plain.patch(|_| Json::parse(r#"{"safe":false}"#).ok());
    assert!(body(patched, request()).ends_with(r#""safe":false}"#));
}

#[test]
fn k4_allowed_tools_are_named_or_the_others_left_out() {
    let tool = |name: &str| Tool::new(name, "", Json::empty_object());
    let request = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        ChatRequest::from("hi")
            .tool(tool("a"))
            .tool(tool("b"))
            .tool_choice(ToolChoice::Allowed(names))
    };
    let named = body(Dialect::OPENAI, request(&["b"]));
    assert!(named.contains(r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"b"}}]}}"#), "{named}");
    let plain = Dialect::of(&crate::support::PROVIDER).capabilities(Dialect::OPENAI.capabilities);
    let left = body(plain, request(&["b"]));
    assert!(
        left.contains(r#""name":"b""#)
            && !left.contains(r#""name":"a""#)
            && !left.contains("tool_choice"),
        "{left}"
    );
    assert!(
        !body(plain, request(&[])).contains("tools"),
        "an empty list is refused everywhere"
    );
}

#[test]
fn k4_custom_and_hosted_tools() {
    let mut custom = Tool::new("sql", "Runs a query.", Json::empty_object());
    custom.kind = ToolKind::Custom;
    let mut hosted = Tool::hosted("browser_search");
    hosted.ext.insert(
        "openai",
        Json::parse(r#"{"type":"evil","depth":2}"#).unwrap(),
    );
    let request = ChatRequest::from("hi")
        .tool(custom)
        .tool(hosted)
        .tool_choice(ToolChoice::Named("sql".into()));
    let text = body(Dialect::OPENAI, request);
    assert!(
        text.contains(r#"{"type":"custom","custom":{"name":"sql","description":"Runs a query."}}"#),
        "{text}"
    );
    assert!(
        text.contains(r#"{"type":"browser_search","depth":2}"#),
        "{text}"
    );
    assert!(
        text.contains(r#""tool_choice":{"type":"custom","custom":{"name":"sql"}}"#),
        "{text}"
    );
    let answer = stream(&[
        delta(r#"{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"sql","input":"select"}}]}"#),
        delta(r#"{"tool_calls":[{"index":0,"custom":{"input":" 1"}}]}"#),
        finish("tool_calls"),
    ])
    .answer();
    let call = answer.tool_calls().next().unwrap();
    assert_eq!(
        (call.arguments(), &call.kind),
        ("select 1", &ToolKind::Custom)
    );
    // Snowflake has an empty `custom` beside every `function`.
    let answer = stream(&[
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"},"custom":{"name":"","input":""}}]}"#),
        finish("tool_calls"),
    ])
    .answer();
    assert_eq!(answer.tool_calls().next().unwrap().kind, ToolKind::Function);
}

#[test]
fn k1_what_cannot_be_meant_is_refused() {
    for (request, what) in [
        (ChatRequest::default(), "no messages"),
        (ChatRequest::from("hi").temperature(f64::NAN), "temperature"),
        (ChatRequest::from("hi").top_p(f64::INFINITY), "top_p"),
    ] {
        let error = body_of(Dialect::OPENAI, &chat(request)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(what), "{error}");
    }
    let unnamed = Op::Chat(Arc::new(ChatRequest::from("hi")));
    assert_eq!(
        body_of(Dialect::OPENAI, &unnamed).unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
    let many = Op::Embed(Arc::new(EmbedRequest::new(vec!["a"; 2_049]).model("m")));
    assert!(
        body_of(Dialect::OPENAI, &many)
            .unwrap_err()
            .to_string()
            .contains("2048")
    );
}

#[test]
fn k1_options_of_this_provider_win_and_others_stay_unseen() {
    let mut request = ChatRequest::from("hi").temperature(0.1);
    request.options.insert(
        "openai".into(),
        Json::parse(r#"{"temperature":0.9,"new":[1.0]}"#).unwrap(),
    );
    request
        .options
        .insert("groq".into(), Json::parse(r#"{"secret_sauce":1}"#).unwrap());
    let text = body(Dialect::OPENAI, request);
    assert!(
        text.contains(r#""temperature":0.9"#) && text.contains(r#""new":[1.0]"#),
        "{text}"
    );
    assert!(
        !text.contains("0.1") && !text.contains("secret_sauce"),
        "{text}"
    );
}

#[test]
fn k1_messages_in_their_forms() {
    let pieces = Message::new(Role::User, [Part::text("a"), Part::text("b")]);
    let empty = Message::new(Role::User, []);
    let silent = Message::new(Role::Assistant, []);
    let text = body(
        Dialect::OPENAI,
        ChatRequest::new([
            pieces.named("ann"),
            empty,
            silent,
            Message::user("c"),
            Message::user("d"),
        ]),
    );
    assert!(text.contains(concat!(
        r#"[{"role":"user","name":"ann","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"#,
        r#"{"role":"user","content":""},{"role":"assistant","content":""},"#,
        r#"{"role":"user","content":"c"},{"role":"user","content":"d"}]"#,
    )), "{text}");
}

#[test]
fn k2_models_under_any_roof() {
    let page = |body: &str| {
        let op = Op::Models(Arc::new(ModelsRequest::default()));
        let body = Bytes::copy_from_slice(body.as_bytes());
        OpenAiCompat(Dialect::OPENAI)
            .decode(&op, &head(200), body)?
            .into_models()
    };
    for body in [
        r#"{"object":"list","data":[{"id":"a","created":null,"owned_by":null},{"object":"model"}]}"#,
        r#"[{"id":"a"}]"#,
        r#"{"models":[{"id":"a"}]}"#,
        r#"{"models":[{"name":"x"}],"object":"list","data":[{"id":"a"}]}"#,
    ] {
        let models = page(body).unwrap().models;
        assert_eq!(
            models
                .iter()
                .map(|model| model.id.as_str())
                .collect::<Vec<_>>(),
            ["a"],
            "{body}"
        );
    }
    for owner in ["owned_by", "organization"] {
        let models = page(&format!(r#"[{{"id":"a","{owner}":"o"}}]"#))
            .unwrap()
            .models;
        assert_eq!(models[0].owner.as_deref(), Some("o"), "{owner}");
    }
    assert_eq!(page("{}").unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(
        page(r#"{"error":{"code":"invalid_api_key","message":"no"}}"#)
            .unwrap_err()
            .kind(),
        ErrorKind::Auth
    );
}

#[test]
fn k9_vectors_in_the_order_of_the_inputs() {
    let embed = |inputs: usize, body: &str| {
        let op = Op::Embed(Arc::new(EmbedRequest::new(vec!["a"; inputs]).model("m")));
        let body = Bytes::copy_from_slice(body.as_bytes());
        OpenAiCompat(Dialect::OPENAI)
            .decode(&op, &head(200), body)?
            .into_embed()
    };
    let body = r#"{"data":[{"index":1,"embedding":[1,2.5]},{"index":0,"embedding":"AACAPwAAAMA="}],"usage":{"total_tokens":7}}"#;
    let response = embed(2, body).unwrap();
    assert_eq!(&*response.vectors[0], [1.0, -2.0]);
    assert_eq!(&*response.vectors[1], [1.0, 2.5]);
    assert_eq!(
        response.usage.input.total,
        Some(7),
        "Voyage tells the total only"
    );
    for numbers in [["0", "0"], ["null", "null"], ["1", "2"]] {
        let [a, b] = numbers;
        let body = format!(
            r#"{{"data":[{{"index":{a},"embedding":[1]}},{{"index":{b},"embedding":[2]}}]}}"#
        );
        let vectors = embed(2, &body).unwrap().vectors;
        assert_eq!(&*vectors[0], [1.0], "as they came: {body}");
    }
    for (inputs, body) in [
        (1, body),
        (1, r#"{"data":[{"embedding":"AAA="}]}"#),
        (1, r#"{"data":[{"embedding":"!"}]}"#),
        (1, r#"{"data":[{"embedding":[null]}]}"#),
        (1, r#"{"data":null}"#),
        // One is of no input.
        (
            2,
            r#"{"data":[{"index":1,"embedding":[1]},{"index":7,"embedding":[2]}]}"#,
        ),
    ] {
        assert_eq!(
            embed(inputs, body).unwrap_err().kind(),
            ErrorKind::Decode,
            "{body}"
        );
    }
}

#[test]
fn fields_beside_the_answer_never_break_it() {
    for odd in ["7", r#""x""#, "{}", "[]", "true", r#"[7,{"a":1}]"#] {
        let said = format!(
            r#"{{"content":"Hi","annotations":{odd},"audio":{odd},"images":{odd},"function_call":{odd},"reasoning_details":{odd},"extra_content":{odd}}}"#
        );
        let chunk = format!(
            r#"{{"id":{odd},"created":{odd},"model":{odd},"object":"x","choices":[{{"index":0,"delta":{said},"logprobs":{odd},"finish_reason":"stop"}}],"usage":{odd},"x_groq":{odd},"citations":{odd}}}"#
        );
        let answer = stream(&[&chunk]).answer();
        assert_eq!(answer.text(), "Hi", "{odd}");
        assert_eq!(answer.finish.kind, FinishKind::Stop);
    }
}

#[test]
fn mistral_answers_in_pieces() {
    let answer = whole(
        r#"{"id":"c","choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"so"}],"closed":true},{"type":"text","text":"yes"},{"type":"reference","reference_ids":[1]}]},"finish_reason":"stop"}]}"#,
    )
    .unwrap();
    let [thought, words] = answer.message.parts.as_slice() else {
        panic!("{answer:?}")
    };
    assert!(
        matches!(&thought.content, Content::Reasoning(reasoning) if reasoning.text.as_deref() == Some("so"))
    );
    assert_eq!(words.as_text(), Some("yes"));
}

#[test]
fn errors_that_hide_what_they_are() {
    let error =
        |status, body: &str| OpenAiCompat(Dialect::OPENAI).error(&head(status), body.as_bytes());
    for (status, body, kind) in [
        (
            429,
            r#"{"error":{"message":"Request too large for m on tokens per min (TPM): Limit 30000, Requested 31538.","type":"tokens","code":"rate_limit_exceeded"}}"#,
            ErrorKind::TooLarge,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for m","type":"tokens","code":"rate_limit_exceeded"}}"#,
            ErrorKind::RateLimited,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
            ErrorKind::Auth,
        ),
        (
            400,
            r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"maximum context length is 8\"}}"}}}"#,
            ErrorKind::ContextLength,
        ),
        (404, r#"{"message":"no route"}"#, ErrorKind::NotFound),
    ] {
        assert_eq!(error(status, body).kind(), kind, "{body}");
    }
    let upstream = error(
        502,
        r#"{"error":{"message":"Provider returned error","metadata":{"raw":"out of cheese"}}}"#,
    );
    assert_eq!(upstream.message(), "out of cheese");
    let page = error(
        502,
        r#"{"error":{"message":"Provider returned error","metadata":{"raw":"<html>"}}}"#,
    );
    assert_eq!(page.message(), "Provider returned error");
    let invalid = stream(&[r#"{"error":{"message":"m","type":"invalid_request_error"}}"#]).error();
    assert_eq!(
        invalid.kind(),
        ErrorKind::InvalidRequest,
        "not the server's fault, and not retried"
    );
}

//! Messages and what they are made of.

use crate::support::{NEW, OLD, body, cache, encoded, old, sent, weather};
use serde_json::{Value, json};
use trunkline_anthropic_messages::{CLAUDE, Dialect, Messages, cited};
use trunkline_core::chat::{
    Effort, Media, MediaType, OpaqueState, Reasoning, ReasoningSetting, Source, ToolInput,
    ToolResult, ToolStatus, Ttl,
};
use trunkline_core::{ChatRequest, Content, Message, Part, Role, ToolCall, Warning};

#[test]
fn corner_05_a_cache_point_marks_the_block_before_it() {
    let system = Message::system("Laws.").part(cache(Some(Ttl::OneHour)));
    let user = Message::user("A case.").part(cache(Some(Ttl::FiveMinutes)));
    let signed = Part::new(Reasoning::new("Hm."));
    let signed = signed.state(OpaqueState::new("anthropic.signature", "Er=="));
    let thoughts = Message::new(Role::Assistant, [Part::text("Well."), signed, cache(None)]);
    let body = body(&old(vec![system, user, thoughts, Message::user("So?")]));
    let mark = |ttl: &str| json!({"type": "ephemeral", "ttl": ttl});
    assert_eq!(body["system"][0]["cache_control"], mark("1h"));
    assert_eq!(
        body["messages"][0]["content"][0]["cache_control"],
        mark("5m")
    );
    let assistant = &body["messages"][1]["content"];
    assert_eq!(
        assistant[0]["cache_control"],
        json!({"type": "ephemeral"}),
        "thoughts cannot have a mark"
    );
    assert_eq!(assistant[1].get("cache_control"), None);
}

#[test]
fn corner_05_of_more_than_four_marks_the_first_and_the_latest_stay() {
    let mut messages = vec![Message::system("Laws.").part(cache(None))];
    for turn in 0..5 {
        messages.push(Message::user(format!("{turn}")).part(cache(None)));
        messages.push(Message::assistant_text("Go on."));
    }
    messages.push(Message::user("Well?"));
    let (body, warnings) = encoded(&old(messages));
    let marked = |block: &Value| block.get("cache_control").is_some();
    assert!(marked(&body["system"][0]));
    let users: Vec<bool> = (0..6)
        .map(|turn| marked(&body["messages"][turn * 2]["content"][0]))
        .collect();
    assert_eq!(users, [false, false, true, true, true, false]);
    assert_eq!(
        warnings,
        [Warning::unsupported("cache_point")],
        "told once for its kind"
    );
}

#[test]
fn corner_15_a_result_keeps_its_pictures_and_says_that_it_failed() {
    let mut result = ToolResult::text("toolu_1", "a map").status(ToolStatus::Error);
    result.output.push(Part::image(MediaType::PNG, "dot"));
    result
        .output
        .push(Part::document(MediaType::PDF, "map.pdf", "%PDF"));
    let results = Message::new(Role::Tool, [Part::new(Content::ToolResult(result))]);
    let call = weather("toolu_1", ToolInput::from_text("{}"));
    let sent = body(&old(vec![Message::user("hi"), call, results]));
    let source =
        |kind: &str, data: &str| json!({"type": "base64", "media_type": kind, "data": data});
    assert_eq!(
        sent["messages"][2],
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
            {"type": "text", "text": "a map"},
            {"type": "image", "source": source("image/png", "ZG90")},
            {"type": "document", "source": source("application/pdf", "JVBERg=="), "title": "map.pdf"},
        ]}]})
    );
}

#[test]
fn corner_17_later_instructions_keep_their_place_where_they_can_and_else_are_moved() {
    let messages = vec![
        Message::system("Be brief."),
        Message::developer("Be kind."),
        Message::user("hi"),
        Message::system("Answer in Danish."),
    ];
    let (moved, warnings) = encoded(&old(messages.clone()));
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        moved["system"],
        json!([
            text("Be brief."),
            text("Be kind."),
            text("Answer in Danish.")
        ])
    );
    assert_eq!(warnings, [Warning::Hoisted { message: 3 }]);

    let able = Messages(Dialect::named("anthropic", CLAUDE).mid_system());
    let there = |model: &str, messages: Vec<Message>| {
        let (sent, warnings) = sent(able, &ChatRequest::new(messages).model(model));
        let body: Value = serde_json::from_slice(sent.body()).unwrap();
        (body["messages"].clone(), warnings)
    };
    let (kept, warnings) = there(NEW, messages.clone());
    assert_eq!(
        kept[1],
        json!({"role": "system", "content": [text("Answer in Danish.")]})
    );
    assert_eq!(warnings, []);
    // Before a user's turn is no place for them.
    let mut between = messages.clone();
    between.push(Message::user("well?"));
    let (_, warnings) = there(NEW, between);
    assert!(
        warnings.contains(&Warning::Hoisted { message: 3 }),
        "{warnings:?}"
    );
    let (_, warnings) = there(OLD, messages);
    assert_eq!(warnings, [Warning::Hoisted { message: 3 }]);
}

#[test]
fn corner_18_turns_of_one_side_are_joined_and_empty_texts_are_not_sent() {
    let calls = ["toolu_1", "toolu_2"]
        .map(|id| Part::new(ToolCall::new(id, "weather", ToolInput::from_text("{}"))));
    let results = ["toolu_1", "toolu_2"].map(|id| {
        let call = ToolCall::new(id, "weather", ToolInput::from_text("{}"));
        Message::tool_result(&call, "7")
    });
    let [first, second] = results;
    let (sent, warnings) = encoded(&old(vec![
        Message::user("One."),
        Message::user(""),
        Message::user("Two."),
        Message::new(
            Role::Assistant,
            [Part::text("")]
                .into_iter()
                .chain(calls)
                .collect::<Vec<_>>(),
        ),
        first,
        second,
        Message::user("Well?"),
    ]));
    let turns = sent["messages"].as_array().unwrap();
    let roles: Vec<&str> = turns
        .iter()
        .map(|turn| turn["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let kinds = |turn: usize| -> Vec<&str> {
        let blocks = turns[turn]["content"].as_array().unwrap();
        blocks
            .iter()
            .map(|block| block["type"].as_str().unwrap())
            .collect()
    };
    assert_eq!(kinds(0), ["text", "text"]);
    assert_eq!(kinds(1), ["tool_use", "tool_use"]);
    assert_eq!(
        kinds(2),
        ["tool_result", "tool_result", "text"],
        "results come first"
    );
    assert_eq!(warnings, [Warning::Merged { message: 2 }]);
}

#[test]
fn corner_19_a_beginning_of_an_answer_is_warned_of_where_the_model_takes_none() {
    let messages = vec![
        Message::user("hi"),
        Message::assistant_text("The answer is "),
    ];
    let (sent, warnings) = encoded(&old(messages.clone()));
    let last = &sent["messages"][1]["content"][0]["text"];
    assert_eq!(last, "The answer is", "white space at its end is refused");
    assert!(
        matches!(&warnings[..], [Warning::Coerced { .. }]),
        "{warnings:?}"
    );
    let messages = vec![
        Message::user("hi"),
        Message::assistant_text("The answer is"),
    ];
    body(&old(messages.clone()));
    let (_, warnings) = encoded(&ChatRequest::new(messages).model(NEW));
    assert_eq!(warnings, [Warning::unsupported("prefill")]);
}

#[test]
fn corner_26_documents_are_documents() {
    let text = cited(Part::document(MediaType::TEXT, "notes.txt", "Words."));
    let page = Part::new(Media::new(
        MediaType::PDF,
        Source::Url("https://a.example/b.pdf".to_owned()),
    ));
    let sheet = Part::document("application/vnd.ms-excel", "sums.xls", "…");
    let (sent, warnings) = encoded(&old(vec![
        text,
        page,
        sheet,
        Part::text("What do they say?"),
    ]));
    assert_eq!(
        sent["messages"][0]["content"],
        json!([
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Words."}, "title": "notes.txt", "citations": {"enabled": true}},
            {"type": "document", "source": {"type": "url", "url": "https://a.example/b.pdf"}},
            {"type": "text", "text": "What do they say?"},
        ])
    );
    assert_eq!(warnings, [Warning::unsupported("document_in")]);
}

#[test]
fn corner_15_a_failure_without_a_word_says_of_what_kind_it_is() {
    for (status, word) in [
        (ToolStatus::Error, "error"),
        (ToolStatus::Denied, "denied"),
        (ToolStatus::Incomplete, "incomplete"),
    ] {
        for output in [vec![], vec![Part::text("")], vec![Part::text(" \n")]] {
            let mut result = ToolResult::text("toolu_1", "").status(status);
            result.output = output;
            let said = Message::new(Role::Tool, [Part::new(result)]);
            let call = weather("toolu_1", ToolInput::from_text("{}"));
            let sent = body(&old(vec![Message::user("hi"), call, said]));
            assert_eq!(
                sent["messages"][2]["content"],
                json!([{"type": "tool_result", "tool_use_id": "toolu_1", "content": word, "is_error": true}])
            );
        }
    }
}

#[test]
fn a_turn_that_began_without_thoughts_goes_on_without() {
    let call = || weather("toolu_1", ToolInput::from_text("{}"));
    let results = || Message::new(Role::Tool, [Part::new(ToolResult::text("toolu_1", "7"))]);
    let thinking = |model: &str, messages: Vec<Message>| {
        let request = ChatRequest::new(messages).model(model);
        let (sent, warnings) = encoded(&request.reasoning(ReasoningSetting::Effort(Effort::High)));
        let is_left = warnings
            .iter()
            .any(|it| matches!(it, Warning::Coerced { to, .. } if to.contains("began without")));
        (sent["thinking"]["type"].clone(), is_left)
    };
    let foreign = || vec![Message::user("hi"), call(), results()];
    // Another provider's model made the call: its thoughts could not come along.
    assert_eq!(thinking(OLD, foreign()), (json!("disabled"), true));
    // Those that decide for themselves do not mind.
    assert_eq!(thinking(NEW, foreign()), (json!("adaptive"), false));
    // Once it is over, a new turn may begin with thoughts.
    let mut over = foreign();
    over.extend([
        Message::new(Role::Assistant, [Part::text("7.")]),
        Message::user("So?"),
    ]);
    assert_eq!(thinking(OLD, over), (json!("enabled"), false));
    // It has thoughts, though not before each of its calls.
    let signed = Part::new(Reasoning::new("Hm."));
    let signed = signed.state(OpaqueState::new("anthropic.signature", "Er=="));
    let mut first = call();
    first.parts.insert(0, signed);
    let own = vec![Message::user("hi"), first, results(), call(), results()];
    assert_eq!(thinking(OLD, own), (json!("enabled"), false));
    // The beginning of an answer is one of a turn.
    let begun = vec![
        Message::user("hi"),
        Message::new(Role::Assistant, [Part::text("7")]),
    ];
    assert_eq!(thinking(OLD, begun), (json!("disabled"), true));
}

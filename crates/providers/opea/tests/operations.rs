//! What only OPEA has, over a real connection.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};
use trunkline_core::{Backend, ChatRequest, ErrorKind, HttpClient, Operation, embed::Embedding};
use trunkline_opea::{
    About, DeleteFiles, File, Files, Indices, Ingest, Opea, Options, Retrieve, RetrieveOptions,
    Statistics, Summarize,
};
use trunkline_testkit::{Peer, peer::Reply};

fn at(peer: &Peer) -> Backend {
    let builder = Opea::builder().client(HttpClient::shared());
    // Out of habit.
    let url = format!("{}/v1/", peer.url());
    builder.endpoint(url).build().unwrap().bare()
}

/// Asks a service that answers with this.
async fn ask<O: Operation>(answer: &Value, operation: O) -> (O::Output, Peer) {
    let peer = Peer::start(Reply::status(200).json(answer)).await;
    let output = at(&peer).ask(operation).await.unwrap();
    (output, peer)
}

fn asked(peer: &Peer) -> (String, String) {
    let request = peer.requests().remove(0);
    let text = request.text();
    (format!("{} {}", request.method, request.path), text)
}

#[tokio::test]
async fn files_are_taken_in_as_a_form() {
    let done = json!({"status": 200, "message": "Data preparation succeeded"});
    let tides = File::new("tides.txt", "text/plain", "High water is at six.");
    let ingest = Ingest::file(tides).chunk_size(800).index("harbour");
    let (ingested, peer) = ask(&done, ingest.clone()).await;
    assert_eq!(
        ingested.message.as_deref(),
        Some("Data preparation succeeded")
    );
    let kind = peer.requests()[0].header("content-type").map(str::to_owned);
    let boundary = "trunkline-opea-form-0";
    assert_eq!(
        kind,
        Some(format!("multipart/form-data; boundary={boundary}"))
    );
    let expected = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"files\"; filename=\"tides.txt\"\r\n\
         content-type: text/plain\r\n\r\nHigh water is at six.\r\n\
         --{boundary}\r\ncontent-disposition: form-data; name=\"chunk_size\"\r\n\r\n800\r\n\
         --{boundary}\r\ncontent-disposition: form-data; name=\"index_name\"\r\n\r\nharbour\r\n\
         --{boundary}--\r\n"
    );
    let path = "POST /v1/dataprep/ingest".to_owned();
    assert_eq!(asked(&peer), (path, expected));

    let (_, peer) = ask(&done, ingest.at("/v1/dataprep")).await;
    assert_eq!(asked(&peer).0, "POST /v1/dataprep");
}

#[tokio::test]
async fn links_are_taken_in_as_a_list() {
    let done = json!({"status": 200, "message": "Data preparation succeeded"});
    let links = Ingest::links(["https://example.org/a", "https://example.org/b"]).tables("hq");
    let (_, peer) = ask(&done, links).await;
    let (_, form) = asked(&peer);
    for (name, value) in [
        (
            "link_list",
            r#"["https://example.org/a","https://example.org/b"]"#,
        ),
        ("process_table", "true"),
        ("table_strategy", "hq"),
    ] {
        assert!(
            form.contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n--")),
            "{form}"
        );
    }
}

#[tokio::test]
async fn what_a_store_says_no_to_is_told_by_its_kind() {
    let says = async |status: u16, detail: &str| {
        let peer = Peer::start(Reply::status(status).json(json!({ "detail": detail }))).await;
        let tides = File::new("tides.txt", "text/plain", "High water is at six.");
        let error = at(&peer).ask(Ingest::file(tides)).await.unwrap_err();
        assert!(error.message().starts_with(detail), "{error}");
        error.kind()
    };
    for detail in [
        "Uploaded file tides.txt already exists. Please change file name or index name.",
        "Uploaded link https://example.org already exists. Please change another link or index_name.",
    ] {
        assert_eq!(says(400, detail).await, ErrorKind::Conflict);
    }
    for detail in [
        "Single file deletion is not implemented yet",
        "Delete folder old is not supported for now.",
    ] {
        assert_eq!(says(404, detail).await, ErrorKind::Unsupported);
    }
    let neither = "Must provide either a file or a string list.";
    assert_eq!(says(400, neither).await, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_it_is_sent() {
    let file = File::new("a", "text/plain", "a");
    let mut both = Ingest::file(file);
    both.links.push("https://example.org".to_owned());
    let refused = [
        both.encode(),
        Ingest::links::<String>([]).encode(),
        DeleteFiles::new("").encode(),
        Summarize::text([]).encode(),
    ];
    for request in refused {
        assert_eq!(request.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
}

#[tokio::test]
async fn files_are_listed_and_deleted() {
    let list = json!([
        {"name": "tides.txt", "id": "tides.txt", "type": "File", "parent": "", "index_name": "harbour"},
        {"name": "old", "id": "old", "type": "Directory", "parent": "", "children":
            [{"name": "log.txt", "id": "old/log.txt", "type": "File", "parent": ""}]},
    ]);
    let (files, peer) = ask(&list, Files::new().index("all")).await;
    assert_eq!(
        asked(&peer),
        (
            "POST /v1/dataprep/get".to_owned(),
            r#"{"index_name":"all"}"#.to_owned()
        )
    );
    assert_eq!(files[0].index_name.as_deref(), Some("harbour"));
    assert_eq!(files[1].children.as_ref().unwrap()[0].id, "old/log.txt");

    let delete = DeleteFiles::new("tides.txt").index("harbour");
    let ((), peer) = ask(&json!({"status": true}), delete).await;
    let body = r#"{"file_path":"tides.txt","index_name":"harbour"}"#.to_owned();
    assert_eq!(asked(&peer), ("POST /v1/dataprep/delete".to_owned(), body));

    let peer = Peer::start(Reply::status(200).json(json!({"status": false}))).await;
    let error = at(&peer).ask(DeleteFiles::all()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);

    let missing = json!({"detail": "File not found in db rag_redis. Please check file_path."});
    let peer = Peer::start(Reply::status(404).json(missing)).await;
    let error = at(&peer).ask(DeleteFiles::new("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().starts_with("File not found"), "{error}");

    let (indices, peer) = ask(&json!(["harbour", "island"]), Indices).await;
    assert_eq!(indices, ["harbour", "island"]);
    assert_eq!(asked(&peer).0, "POST /v1/dataprep/indices");
}

#[tokio::test]
async fn documents_near_a_vector_are_found() {
    let near = || {
        Retrieve::new("tides", &Embedding::from(vec![0.5, -0.25]))
            .options(RetrieveOptions::new().search_type("mmr").k(2_u32))
    };
    let searched = json!({"id": "s", "initial_query": "tides", "top_n": 1,
        "retrieved_docs": [{"id": "a", "text": "Six."}, {"id": "b", "text": "Seven."}],
        "metadata": [{"source": "tides.txt"}, {"source": "log.txt"}]});
    let (found, peer) = ask(&searched, near()).await;
    let body = r#"{"text":"tides","embedding":[0.5,-0.25],"search_type":"mmr","k":2}"#.to_owned();
    assert_eq!(asked(&peer), ("POST /v1/retrieval".to_owned(), body));
    let texts: Vec<&str> = found.iter().map(|found| found.text.as_str()).collect();
    assert_eq!(texts, ["Six.", "Seven."]);
    assert_eq!(
        found[1].metadata.as_ref().unwrap().get(),
        r#"{"source":"log.txt"}"#
    );

    // Of two documents one has metadata, and nobody knows which.
    let mut some = searched.clone();
    some["metadata"] = json!([{"source": "log.txt"}]);
    let (found, _) = ask(&some, near()).await;
    assert!(found.iter().all(|found| found.metadata.is_none()));

    let inside = json!({"retrieved_docs": [{"text": "Six.", "metadata": {"source": "t"}}]});
    let (found, _) = ask(&inside, near()).await;
    assert_eq!(
        found[0].metadata.as_ref().unwrap().get(),
        r#"{"source":"t"}"#
    );
}

#[tokio::test]
async fn a_service_says_what_it_is_and_how_long_it_took() {
    let health = json!({"Service Title": "opea_service@llm", "Version": "1.3", "Service Description": "OPEA Microservice Infrastructure"});
    let (service, peer) = ask(&health, About).await;
    assert_eq!(service.title.as_deref(), Some("opea_service@llm"));
    assert_eq!(asked(&peer).0, "GET /v1/health_check");
    let timings = json!({"opea_service@llm": {"p50_latency": 0.5, "p99_latency": 1.5, "average_latency": 0.75,
        "p50_latency_first_token": null, "p99_latency_first_token": null, "average_latency_first_token": null}});
    let (statistics, _) = ask(&timings, Statistics).await;
    assert_eq!(statistics["opea_service@llm"].p99_latency, Some(1.5));
    assert_eq!(statistics["opea_service@llm"].p50_latency_first_token, None);
}

#[tokio::test]
async fn a_summary_of_files_is_read_however_it_comes() {
    let document = r#"{"id":"1","text":"Six o\u2019clock.","prompt":"High water is at six.","output_guardrail_params":null}"#;
    let literal = document.replace('\\', r"\\");
    for answer in [
        Reply::sse([format!("b'{literal}'"), "[DONE]".to_owned()]),
        Reply::sse(["b'Six o\\xe2\\x80'", "b'\\x99clock.'", "[DONE]"]),
        Reply::status(200).json(document),
        Reply::status(200).json(json!({"id": "c", "model": "docsum", "object": "chat.completion", "created": 1,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Six o\u{2019}clock."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}})),
    ] {
        let peer = Peer::start(answer).await;
        let file = File::new("tides.pdf", "application/pdf", "%PDF-1.7");
        let summarize = Summarize::text([file]).max_tokens(64).language("en").chunks(512, 0);
        let summary = at(&peer).ask(summarize).await.unwrap();
        assert_eq!(summary.text, "Six o\u{2019}clock.");
        assert_eq!(summary.response.usage.total(), None);
        let (path, form) = asked(&peer);
        assert_eq!(path, "POST /v1/docsum");
        for field in ["type", "messages", "max_tokens", "language", "chunk_size", "stream"] {
            assert!(form.contains(&format!("name=\"{field}\"")), "{field}");
        }
        assert!(form.contains("\r\n\r\nfalse\r\n--"));
    }
}

#[tokio::test]
async fn services_are_where_the_settings_say() {
    let builder = || Opea::builder().client(HttpClient::shared());
    let answer = json!({"id": "c", "model": "codegen", "object": "chat.completion", "created": 1,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "1"}, "finish_reason": "stop"}]});
    let peer = Peer::start(Reply::status(200).json(answer)).await;
    let moved = builder()
        .endpoint(format!("{}/ai", peer.url()))
        .setting("codegen_path", "/code")
        .build()
        .unwrap();
    let request = ChatRequest::from("1?").option(Options::new().index_name("a"));
    moved.model("codegen").chat(request).await.unwrap();
    let body = r#"{"messages":"1?","stream":false,"index_name":"a"}"#.to_owned();
    assert_eq!(asked(&peer), ("POST /ai/code".to_owned(), body));

    for (name, value) in [("codegen_path", "code"), ("embedding_shape", "vectors")] {
        let error = builder().setting(name, value).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert!(error.message().contains(name), "{error}");
    }
}

#[tokio::test]
async fn embeddings_are_asked_for_in_the_old_shape_too() {
    for (texts, body, answer, expected) in [
        (
            vec!["a"],
            r#"{"text":"a"}"#,
            json!({"text": "a", "embedding": [1.0]}),
            1,
        ),
        (
            vec!["a", "b"],
            r#"{"text":["a","b"]}"#,
            json!({"text": ["a", "b"], "embedding": [[1.0], [2.0]]}),
            2,
        ),
    ] {
        let peer = Peer::start(Reply::status(200).json(answer)).await;
        let old = Opea::builder()
            .client(HttpClient::shared())
            .endpoint(peer.url())
            .setting("embedding_shape", "text")
            .build()
            .unwrap();
        let embedded = old.model("embedding").embed(texts).await.unwrap();
        assert_eq!(embedded.vectors.len(), expected);
        let path = "POST /v1/embeddings".to_owned();
        assert_eq!(asked(&peer), (path, body.to_owned()));
    }
}

#[tokio::test]
async fn a_document_that_is_there_twice_is_ranked_twice() {
    let answer = json!({"reranked_docs": [{"text": "b", "score": 0.9}, {"text": "a", "score": 0.5}, {"text": "b", "score": 0.1}]});
    let peer = Peer::start(Reply::status(200).json(answer.clone())).await;
    let model = at(&peer).model("reranking");
    let ranked = model.rerank("q", ["b", "a", "b"]).await.unwrap();
    let order: Vec<usize> = ranked.results.iter().map(|place| place.index).collect();
    assert_eq!(order, [0, 1, 2]);
    assert!(asked(&peer).1.ends_with(r#""top_n":3}"#));

    let peer = Peer::start(Reply::status(200).json(answer)).await;
    let model = at(&peer).model("reranking");
    let error = model.rerank("q", ["a", "b", "c"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn another_server_is_told_from_opea() {
    let vllm = json!({"openapi": "3.1.0", "info": {"title": "FastAPI"}, "paths": {"/v1/chat/completions": {}, "/health": {}}});
    let peer = Peer::start(Reply::status(200).json(vllm)).await;
    assert_eq!(
        at(&peer).models().await.unwrap_err().kind(),
        ErrorKind::Decode
    );
    let dataprep = json!({"info": {"title": "opea_service@dataprep"}, "paths": {"/v1/health_check": {}, "/v1/dataprep/ingest": {}}});
    let peer = Peer::start(Reply::status(200).json(dataprep)).await;
    assert!(at(&peer).models().await.unwrap().is_empty());
    let peer = Peer::start(Reply::status(200).json(json!({"status": "ok"}))).await;
    assert_eq!(
        at(&peer).ask(About).await.unwrap_err().kind(),
        ErrorKind::Decode
    );
}

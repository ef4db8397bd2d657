//! Answers that OpenAI makes in the background, and accounts that choose their protocol.

use std::time::Duration;

use trunkline_core::{ChatRequest, Class, ErrorKind, HttpClient, Op, Pace, chat::FinishKind};
use trunkline_openai::{CHAT_COMPLETIONS, Cancel, Forget, OpenAi, Options, Retrieve, compatible};
use trunkline_testkit::peer::{Peer, Reply, Script};

fn answer(status: &str, output: &str) -> Reply {
    Reply::status(200).json(format!(
        r#"{{"id":"resp_1","model":"gpt-5.2","status":"{status}","output":[{output}]}}"#
    ))
}

const WORDS: &str = r#"{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"Done.","annotations":[]}]}"#;

fn pace() -> Pace {
    let wait = Duration::from_millis(10);
    Pace::default().first(wait).most(wait)
}

#[tokio::test]
async fn an_answer_in_the_background_is_asked_for_until_it_is_whole() {
    let replies = [
        answer("queued", ""),
        answer("queued", ""),
        answer("in_progress", ""),
        answer("completed", WORDS),
    ];
    let peer = Peer::start(Script::new(replies)).await;
    let openai = OpenAi::with("key", peer.url(), HttpClient::shared()).unwrap();

    let request = ChatRequest::from("Write a report.").option(Options::new().background(true));
    let begun = openai.model("gpt-5.2").chat(request).await.unwrap();
    assert_eq!(begun.finish.kind, FinishKind::Paused);
    let retrieve = Retrieve::new(begun.id.unwrap());
    let whole = openai
        .backend()
        .ask_until(retrieve, pace(), Retrieve::is_over);
    assert_eq!(whole.await.unwrap().text(), "Done.");

    let asked: Vec<String> = peer
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    let again = "GET /responses/resp_1";
    assert_eq!(asked, ["POST /responses", again, again, again]);
}

#[tokio::test]
async fn the_asking_ends_with_its_time() {
    let peer = Peer::start(Script::new([answer("in_progress", "")]).repeat_last()).await;
    let openai = OpenAi::with("key", peer.url(), HttpClient::shared()).unwrap();
    let pace = pace().total(Duration::from_millis(60));
    let asking = openai
        .backend()
        .ask_until(Retrieve::new("resp_1"), pace, Retrieve::is_over);
    assert_eq!(asking.await.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn what_is_stored_can_be_stopped_and_forgotten() {
    let peer = Peer::start(Script::new([answer("cancelled", "")]).repeat_last()).await;
    let openai = OpenAi::with("key", peer.url(), HttpClient::shared()).unwrap();
    let stopped = openai.backend().ask(Cancel::new("resp_1")).await.unwrap();
    assert_eq!(stopped.finish.kind, FinishKind::Cancelled);
    openai.backend().ask(Forget::new("resp_1")).await.unwrap();
    let error = openai.backend().ask(Retrieve::new("..")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let asked: Vec<String> = peer
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(
        asked,
        ["POST /responses/resp_1/cancel", "DELETE /responses/resp_1"]
    );
}

#[test]
fn what_is_stored_is_not_asked_twice() {
    let class = |options| Op::Chat(ChatRequest::from("Hi").option(options).into()).class();
    assert_eq!(class(Options::new().prompt_cache_key("a")), Class::Billed);
    assert_eq!(class(Options::new().store(false)), Class::Billed);
    assert_eq!(class(Options::new().store(true)), Class::Effect);
    assert_eq!(class(Options::new().background(true)), Class::Effect);
    assert_eq!(class(Options::new().conversation("conv_1")), Class::Effect);
}

#[tokio::test]
async fn an_account_chooses_its_protocol() {
    let path = async |account: OpenAi, peer: &Peer| {
        let _ = account.model("m").chat("Hi").await;
        peer.requests().last().unwrap().path.clone()
    };
    let peer = Peer::start(Script::new([Reply::status(404)]).repeat_last()).await;
    let client = HttpClient::shared;
    let usual = OpenAi::with("key", peer.url(), client()).unwrap();
    assert_eq!(path(usual, &peer).await, "/responses");
    let other = compatible("key", peer.url(), client()).unwrap();
    assert!(other.backend().info().capabilities.seed);
    assert_eq!(path(other, &peer).await, "/chat/completions");
    let vars = |name: &str| match name {
        "OPENAI_API_KEY" => Some("key".to_owned()),
        "OPENAI_BASE_URL" => Some(peer.url()),
        "OPENAI_API" => Some(CHAT_COMPLETIONS.to_owned()),
        _ => None,
    };
    let told = OpenAi::from_vars(&vars).unwrap();
    assert_eq!(path(told, &peer).await, "/chat/completions");
    let wrong = OpenAi::builder()
        .key("key")
        .client(client())
        .setting("api", "assistants");
    assert_eq!(wrong.build().unwrap_err().kind(), ErrorKind::Config);
}

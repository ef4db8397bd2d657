//! One call as several requests, where it has more than the provider takes in one.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use trunkline_core::{
    Account, Backend, BackendInfo, Call, Capabilities, EmbedRequest, EmbedResponse, Error,
    ErrorKind, Model, Op, Reply, RerankRequest, Result, Serve, Warning,
    account::Builder,
    chat::Completeness,
    embed::Embedding,
    middleware::{Deadline, Stack},
};

use crate::support::{
    Answer, Wire,
    abacus::{ABACUS, Abacus, asked, counted},
};

fn account(wire: &Wire, with: impl FnOnce(Builder) -> Builder) -> Account {
    let builder = Builder::of(&ABACUS, Abacus).key("k").client(wire.client());
    with(builder.idempotency_header("once")).build().unwrap()
}

fn model(wire: &Wire) -> Model {
    account(wire, |builder| builder).model("m")
}

fn words(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

fn numbers(answer: &EmbedResponse) -> Vec<f32> {
    answer.vectors.iter().map(|vector| vector[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn vectors_come_in_order_however_late_a_piece_is() {
    let wire = Wire::by(|seen| {
        let late = 20_u64.saturating_sub(asked(seen).words[0].parse().unwrap());
        counted(seen).head_after(Duration::from_secs(late))
    });
    let answer = model(&wire)
        .embed(words(1_000))
        .header("x-mine", "1")
        .await
        .unwrap();
    let expected: Vec<f32> = (0..1_000_u16).map(f32::from).collect();
    assert_eq!(numbers(&answer), expected);
    assert_eq!(
        (answer.model.as_str(), answer.usage.input.total),
        ("beads", Some(1_000))
    );
    assert_eq!(
        answer.usage.output.total, None,
        "what nobody told stays unknown"
    );
    assert_eq!(answer.usage.completeness, Completeness::Final);
    let raw = answer.usage.raw.unwrap();
    assert!(
        raw.get().starts_with("[3,3,") && raw.get().ends_with(",3,1]"),
        "{}",
        raw.get()
    );
    let sent = wire.sent();
    assert_eq!(sent.len(), 334);
    assert!(sent.iter().all(|seen| seen.headers["x-mine"] == "1"));
    let mut keys: Vec<_> = sent
        .iter()
        .map(|seen| seen.headers["once"].clone())
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 334, "each is a request of its own");
}

#[tokio::test(start_paused = true)]
async fn what_fits_is_one_request_and_is_left_as_it_is() {
    let wire = Wire::by(counted);
    let answer = model(&wire).embed(words(3)).keep_raw().await.unwrap();
    assert_eq!(wire.requests(), 1);
    assert_eq!(answer.meta.raw.as_deref(), Some(&b"[0,1,2]"[..]));
    let answer = model(&wire).embed(words(4)).keep_raw().await.unwrap();
    assert_eq!(answer.meta.raw.as_deref(), Some(&b"[[0,1,2],[3]]"[..]));
}

#[tokio::test(start_paused = true)]
async fn an_operation_given_as_one_and_a_call_that_asks_for_one_are_refused() {
    let wire = Wire::by(counted);
    let model = model(&wire);
    let op = Op::Embed(Arc::new(EmbedRequest::new(words(4)).model("m")));
    for error in [
        model.backend().call(Call::new(op)).await.unwrap_err(),
        model.embed(words(4)).unsplit().await.unwrap_err(),
        model.rerank("q", words(4)).unsplit().await.unwrap_err(),
        model.embed(words(0)).await.unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), error.done()),
            (ErrorKind::InvalidRequest, None)
        );
    }
    assert_eq!(wire.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn so_many_are_under_way_at_once_and_no_more() {
    for (set, expected) in [(None, 4), (Some(1), 1), (Some(7), 7), (Some(0), 1)] {
        let wire = Wire::by(|seen| counted(seen).head_after(Duration::from_secs(1)));
        let busiest = Busiest::default();
        let model = busiest.around(&model(&wire));
        let call = model.embed(words(60));
        match set {
            Some(requests) => call.at_once(requests).await.unwrap(),
            None => call.await.unwrap(),
        };
        assert_eq!((busiest.most(), wire.requests()), (expected, 20), "{set:?}");
    }
}

/// How many calls were there at once.
#[derive(Clone, Default)]
struct Busiest(Arc<[AtomicUsize; 2]>);

impl Busiest {
    fn around(&self, model: &Model) -> Model {
        let counts = self.0.clone();
        let layer = tower_layer::layer_fn(move |inner: Backend| {
            let counts = counts.clone();
            tower::service_fn(move |call: Call| {
                let (counts, inner) = (counts.clone(), inner.clone());
                async move {
                    counts[1].fetch_max(counts[0].fetch_add(1, SeqCst) + 1, SeqCst);
                    let reply = inner.call(call).await;
                    counts[0].fetch_sub(1, SeqCst);
                    reply
                }
            })
        });
        model.backend().clone().layer(layer).model(model.name())
    }

    fn most(&self) -> usize {
        self.0[1].load(SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn a_piece_is_tried_again_by_itself() {
    let failed = AtomicUsize::new(0);
    let wire = Wire::by(move |seen| match &*asked(seen).words[0] {
        "3" if failed.fetch_add(1, SeqCst) == 0 => Answer::status(503),
        _ => counted(seen),
    });
    let answer = model(&wire).embed(words(9)).await.unwrap();
    assert_eq!(numbers(&answer).len(), 9);
    assert_eq!((wire.requests(), answer.meta.attempts), (4, 2));
    let sent = wire.sent();
    let of_second = sent.iter().filter(|seen| asked(seen).words[0] == "3");
    let keys: Vec<_> = of_second.map(|seen| &seen.headers["once"]).collect();
    assert_eq!(keys[0], keys[1], "another attempt at the same request");
}

#[tokio::test(start_paused = true)]
async fn the_first_error_says_how_much_was_done_and_ends_the_others() {
    let wire = Wire::by(|seen| match &*asked(seen).words[0] {
        "6" => Answer::status(400).head_after(Duration::from_secs(2)),
        "3" => counted(seen).head_after(Duration::from_secs(9)),
        _ => counted(seen).head_after(Duration::from_secs(1)),
    });
    let began = tokio::time::Instant::now();
    let error = model(&wire).embed(words(300)).await.unwrap_err();
    assert_eq!(
        began.elapsed(),
        Duration::from_secs(2),
        "a slow piece is not waited for"
    );
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let (done, all) = error.done().unwrap();
    assert!(
        (6..=12).contains(&done) && done % 3 == 0 && all == 300,
        "{done}"
    );
    assert!(
        error
            .to_string()
            .ends_with(&format!("({done} of 300 had been answered)")),
        "{error}"
    );
    assert!(wire.requests() < 12);
    let requests = wire.requests();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(wire.requests(), requests, "nothing more is sent");
}

#[tokio::test(start_paused = true)]
async fn one_deadline_bounds_all_of_them() {
    let wire = Wire::by(|seen| counted(seen).head_after(Duration::from_secs(4)));
    let began = tokio::time::Instant::now();
    let call = model(&wire)
        .embed(words(300))
        .timeout(Duration::from_secs(10));
    let error = call.await.unwrap_err();
    assert_eq!(
        (error.kind(), began.elapsed()),
        (ErrorKind::Timeout, Duration::from_secs(10))
    );
    assert_eq!(error.done(), Some((24, 300)));

    // Without one, the account's own bounds each.
    let deadline = Deadline::default().total(Duration::from_secs(5));
    let stack = Stack::default().deadline(deadline);
    let model = account(&wire, |builder| builder.stack(stack)).model("m");
    assert_eq!(numbers(&model.embed(words(300)).await.unwrap()).len(), 300);
}

#[tokio::test(start_paused = true)]
async fn places_of_all_pieces_are_in_one_order() {
    let wire = Wire::by(counted);
    let scores = ["5", "1", "8", "3", "8", "0", "9"];
    let answer = model(&wire).rerank("q", scores).await.unwrap();
    let order: Vec<usize> = answer.results.iter().map(|place| place.index).collect();
    assert_eq!(order, [6, 2, 4, 0, 3, 1, 5]);
    assert_eq!((answer.usage.input.total, wire.requests()), (Some(7), 3));

    let answer = model(&wire).rerank("q", scores).top_n(2).await.unwrap();
    let order: Vec<usize> = answer.results.iter().map(|place| place.index).collect();
    assert_eq!(order, [6, 2]);
    assert!(
        wire.sent()
            .iter()
            .skip(3)
            .all(|seen| asked(seen).top == Some(2))
    );

    let answer = model(&wire).rerank("all", scores).top_n(2).await.unwrap();
    assert_eq!(answer.results.len(), 7, "the wire has no place for it");
    assert_eq!(answer.warnings, [Warning::unsupported("top_n")], "once");
}

#[tokio::test(start_paused = true)]
async fn a_strict_call_sends_nothing_of_what_cannot_be_carried() {
    let wire = Wire::by(counted);
    let request = RerankRequest::new("all", words(9)).top_n(1).strict();
    let error = model(&wire).rerank_request(request).await.unwrap_err();
    assert_eq!((error.kind(), wire.requests()), (ErrorKind::Unsupported, 0));
}

/// A backend that takes so many, and gives its own number for every input.
#[derive(Clone)]
struct Taker {
    info: BackendInfo,
    sign: f32,
    fails_after: usize,
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl Taker {
    fn new(most: usize, sign: f32, fails_after: usize) -> Self {
        let can = Capabilities::NONE.embed().max_inputs(most);
        Self {
            info: BackendInfo::new("taker").capabilities(can),
            sign,
            fails_after,
            sizes: Arc::default(),
        }
    }

    fn sizes(&self) -> Vec<usize> {
        self.sizes.lock().unwrap().clone()
    }
}

impl Serve for Taker {
    fn info(&self) -> &BackendInfo {
        &self.info
    }

    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let Op::Embed(request) = call.op else {
            unreachable!()
        };
        let mut sizes = self.sizes.lock().unwrap();
        sizes.push(request.inputs.len());
        let vectors = vec![Embedding::from(vec![self.sign]); request.inputs.len()];
        let reply = match sizes.len() > self.fails_after {
            true => Err(Error::new(ErrorKind::Server, "no more")),
            false => Ok(Reply::Embed(EmbedResponse::new("", vectors))),
        };
        std::future::ready(reply)
    }
}

#[tokio::test(start_paused = true)]
async fn all_vectors_are_of_one_model_and_each_model_has_its_own_bound() {
    let (first, second) = (Taker::new(4, 1.0, 2), Taker::new(3, 2.0, 99));
    let one = Model::new(Backend::new(first.clone()), "one");
    let two = Model::new(Backend::new(second.clone()), "two");
    let line = one.or(two);
    let answer = line.embed(words(10)).await.unwrap();
    assert_eq!(
        numbers(&answer),
        [2.0; 10],
        "none of the first's are among them"
    );
    assert_eq!(first.sizes(), [4, 4, 2]);
    assert_eq!(second.sizes(), [3, 3, 3, 1]);
    assert_eq!(answer.meta.model.as_deref(), Some("two"));

    // Behind layers, and in a line of lines, as well.
    let stacked = Stack::default().around(line.backend().clone()).unwrap();
    let answer = stacked.model("x").embed(words(4)).await.unwrap();
    assert_eq!(answer.vectors.len(), 4);
    assert_eq!(second.sizes()[4..], [3, 1]);
    assert!(line.embed(words(10)).unsplit().await.is_ok());
    assert_eq!(second.sizes().last(), Some(&10), "whole, as was asked");
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_answers_for_others_than_were_asked_is_not_believed() {
    struct Odd(BackendInfo);
    impl Serve for Odd {
        fn info(&self) -> &BackendInfo {
            &self.0
        }

        fn serve(&self, _: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
            let vectors = vec![Embedding::from(vec![0.0]); 2];
            std::future::ready(Ok(Reply::Embed(EmbedResponse::new("", vectors))))
        }
    }
    let info = BackendInfo::new("odd").capabilities(Capabilities::NONE.embed().max_inputs(2));
    let model = Model::new(Backend::new(Odd(info)), "m");
    assert!(model.embed(words(4)).await.is_ok());
    let error = model.embed(words(5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

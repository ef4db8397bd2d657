//! Operations that are not declared, and the last message of the assistant.

use std::sync::Arc;

use trunkline_core::{
    ChatRequest, DetokenizeRequest, EmbedRequest, ErrorKind, InferRequest, Message, ObjectRequest,
    Op, RerankRequest, TokenizeRequest, infer::Tensor, models::ModelsRequest, object::Get,
};

use super::super::{
    Subject,
    carried::carries,
    list::{List, Outcome, ensure},
    probe::{baseline, refused, send, shown, told},
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    for flag in [
        "chat",
        "stream",
        "embed",
        "rerank",
        "count_tokens",
        "tokenize",
        "detokenize",
        "infer",
        "object",
        "list_models",
        "ready",
        "load",
    ] {
        let undeclared = ensure(!subject.can(flag), || {
            format!("the provider declares `{flag}`; its fixture shows it")
        });
        list.add_if(
            &undeclared,
            &format!("the_operation_{flag}_is_refused"),
            move |subject| async move { operation(&subject, flag).await },
        );
    }
    let talks = subject.talks();
    let declared = talks.clone().and_then(|()| subject.needs("prefill"));
    list.add_if(&declared, "prefill_is_sent", |subject| async move {
        let (request, warned) = prefill(&subject).await?;
        ensure(request && !warned, || {
            "`prefill` is declared, and a last message of the assistant is not sent, or warned of"
                .to_owned()
        })
    });
    let undeclared = talks.and_then(|()| {
        ensure(!subject.can("prefill"), || {
            "the provider declares `prefill`".to_owned()
        })
    });
    list.add_if(&undeclared, "prefill_is_warned_of", |subject| async move {
        let (_, warned) = prefill(&subject).await?;
        ensure(warned, || {
            "a last message of the assistant is not gone on with where `prefill` is not declared: \
             push `Warning::unsupported(\"prefill\")`"
                .to_owned()
        })
    });
    list.add_if(
        &undeclared,
        "prefill_is_refused_where_the_caller_is_strict",
        |subject| async move {
            let op = subject.op(beginning(&subject)?.strict());
            let error = refused(&subject, op).await?;
            ensure(error.kind() == ErrorKind::Unsupported, || told(&error))
        },
    );
}

async fn operation(subject: &Subject, flag: &str) -> Outcome {
    let hello = || Arc::new(ChatRequest::from("Hello").model("m"));
    let op = match flag {
        "chat" => Op::Chat(hello()),
        "stream" => Op::ChatStream(hello()),
        "embed" => Op::Embed(Arc::new(EmbedRequest::new(["Hello"]).model("m"))),
        "rerank" => Op::Rerank(Arc::new(RerankRequest::new("Hello", ["Hi"]).model("m"))),
        "count_tokens" => Op::CountTokens(hello()),
        "tokenize" => Op::Tokenize(Arc::new(TokenizeRequest::new("Hello").model("m"))),
        "detokenize" => Op::Detokenize(Arc::new(DetokenizeRequest::new([1]).model("m"))),
        "infer" => {
            let hello = Tensor::of("x", [1], &[1.0_f32]).map_err(|error| told(&error))?;
            Op::Infer(Arc::new(InferRequest::new([hello]).model("m")))
        }
        "object" => Op::Object(Arc::new(ObjectRequest::new("b", Get::default()))),
        "ready" => Op::Ready(Arc::default()),
        "load" => Op::Load(Arc::default()),
        _ => Op::Models(Arc::new(ModelsRequest::default())),
    };
    let error = refused(subject, op).await?;
    ensure(error.kind() == ErrorKind::Unsupported, || {
        format!(
            "`{flag}` is not declared, and the call fails as {}; it is to fail as Unsupported",
            told(&error)
        )
    })
}

fn beginning(subject: &Subject) -> Outcome<ChatRequest> {
    let request = baseline(subject)?.model(subject.model_for("prefill")?);
    Ok(request.message(Message::assistant_text("The word is")))
}

/// Whether the beginning of an answer arrives, and whether it is warned of.
async fn prefill(subject: &Subject) -> Outcome<(bool, bool)> {
    let sent = send(subject, beginning(subject)?).await?;
    let arrives = carries(&sent.request, "The word is");
    let about = |warning| format!("{warning:?}").contains("prefill");
    let warned = sent.warnings.iter().any(about);
    ensure(arrives || warned, || {
        format!(
            "the assistant's words are lost. Sent: {}",
            shown(&sent.request)
        )
    })?;
    Ok((arrives, warned))
}

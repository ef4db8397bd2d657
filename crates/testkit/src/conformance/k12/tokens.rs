//! Tokens of texts, and texts of tokens.

use std::sync::Arc;

use trunkline_core::{DetokenizeRequest, ErrorKind, Json, Op, TokenizeRequest};

use super::{
    super::{
        Subject,
        carried::carries,
        list::{List, Outcome, ensure},
        probe::{refused, shown, told},
        role::expected,
    },
    answered, asking, hostile, wrong_key,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let tokenize = subject.needs("tokenize");
    list.add_if(
        &tokenize,
        "the_tokens_are_those_of_the_fixture",
        |subject| async move { tokens(&subject).await },
    );
    list.add_if(
        &tokenize,
        "the_text_to_be_tokenized_arrives",
        |subject| async move { text_arrives(&subject).await },
    );
    list.add_if(
        &tokenize,
        "special_tokens_are_asked_for_or_warned_of",
        |subject| async move { special(&subject).await },
    );
    list.add_if(
        &tokenize,
        "options_of_this_provider_reach_the_tokenizer",
        |subject| async move { options(&subject).await },
    );
    list.add_if(
        &tokenize,
        "a_wrong_key_fails_a_tokenizer_as_it_fails_a_call",
        |subject| async move { wrong_key(&subject, "tokenize").await },
    );
    list.add_if(
        &tokenize,
        "no_body_makes_a_tokenizer_panic",
        |subject| async move { hostile(&subject, "tokenize").await },
    );
    let detokenize = subject.needs("detokenize");
    list.add_if(
        &detokenize,
        "the_text_is_that_of_the_fixture",
        |subject| async move { text(&subject).await },
    );
    list.add_if(
        &detokenize,
        "the_tokens_to_be_read_arrive",
        |subject| async move { tokens_arrive(&subject).await },
    );
    list.add_if(
        &detokenize,
        "no_body_makes_a_detokenizer_panic",
        |subject| async move { hostile(&subject, "detokenize").await },
    );
}

fn op(request: TokenizeRequest) -> Op {
    Op::Tokenize(Arc::new(request))
}

fn question(subject: &Subject) -> Outcome<TokenizeRequest> {
    match asking(subject, "tokenize")?.op {
        Op::Tokenize(request) => Ok((*request).clone()),
        _ => Err("the fixture `tokenize` asks for something else".to_owned()),
    }
}

async fn tokens(subject: &Subject) -> Outcome {
    let case = asking(subject, "tokenize")?;
    let (answer, _) = answered(subject, &case, case.op.clone()).await?;
    let answer = answer.into_tokenize().map_err(|error| told(&error))?;
    ensure(answer.tokens.len() > 1, || {
        "the fixture `tokenize` is to have several tokens".to_owned()
    })?;
    let read = serde_json::to_value(&answer).map_err(|error| error.to_string())?;
    ensure(expected(subject, "tokenize")? == read, || {
        format!("the tokens are {read}, and the fixture expects others")
    })
}

async fn text_arrives(subject: &Subject) -> Outcome {
    let case = asking(subject, "tokenize")?;
    let text = "what is cut é 漢字 \" \n";
    let mut request = question(subject)?;
    text.clone_into(&mut request.text);
    let (_, sent) = answered(subject, &case, op(request)).await?;
    ensure(carries(&sent, text), || {
        format!("the text is to arrive as it is. Sent: {}", shown(&sent))
    })
}

async fn special(subject: &Subject) -> Outcome {
    let case = asking(subject, "tokenize")?;
    let request = |wanted| Ok::<_, String>(question(subject)?.special(wanted));
    let (with, sent_with) = answered(subject, &case, op(request(true)?)).await?;
    let (without, sent_without) = answered(subject, &case, op(request(false)?)).await?;
    let differ = sent_with.body != sent_without.body || sent_with.path != sent_without.path;
    let warned = |answer: trunkline_core::Reply| {
        let answer = answer.into_tokenize().map_err(|error| told(&error))?;
        Ok::<_, String>(format!("{:?}", answer.warnings).contains("special"))
    };
    let warned = warned(with)? | warned(without)?;
    ensure(differ != warned, || {
        format!(
            "`special` is to be sent, or warned of by `Warning::unsupported(\"special\")`, and not both. \
             Sent: {} and {}",
            shown(&sent_with),
            shown(&sent_without)
        )
    })?;
    if warned {
        for wanted in [true, false] {
            let strict = op(request(wanted)?.strict());
            if let Ok(error) = refused(subject, strict).await {
                return ensure(error.kind() == ErrorKind::Unsupported, || told(&error));
            }
        }
        return Err("a strict request for what is warned of is to be refused".to_owned());
    }
    Ok(())
}

async fn options(subject: &Subject) -> Outcome {
    let case = asking(subject, "tokenize")?;
    let json = |text: &str| Json::parse(text).map_err(|error| error.to_string());
    let mut request = question(subject)?;
    let ours = json(r#"{"x_conformance":1}"#)?;
    request.options.insert(subject.def.id.to_owned(), ours);
    let theirs = json(r#"{"x_elsewhere":1}"#)?;
    request.options.insert("elsewhere".to_owned(), theirs);
    let request = request.body_patch(json(r#"{"x_patched":2}"#)?);
    let (_, sent) = answered(subject, &case, op(request)).await?;
    let arrive = carries(&sent, "x_conformance") && carries(&sent, "x_patched");
    ensure(arrive && !carries(&sent, "x_elsewhere"), || {
        format!(
            "options reach their own provider only, and a patch of the body is the last word. Sent: {}",
            shown(&sent)
        )
    })
}

async fn text(subject: &Subject) -> Outcome {
    let case = asking(subject, "detokenize")?;
    let (answer, _) = answered(subject, &case, case.op.clone()).await?;
    let answer = answer.into_detokenize().map_err(|error| told(&error))?;
    let read = serde_json::to_value(&answer).map_err(|error| error.to_string())?;
    ensure(
        !answer.text.is_empty() && expected(subject, "detokenize")? == read,
        || format!("the text is {read}, and the fixture expects another"),
    )
}

async fn tokens_arrive(subject: &Subject) -> Outcome {
    let case = asking(subject, "detokenize")?;
    let request = DetokenizeRequest::new([4_711, 4_294_967_295]).model(case.op.model());
    let op = Op::Detokenize(Arc::new(request));
    let (_, sent) = answered(subject, &case, op).await?;
    let arrive = carries(&sent, "4711") && carries(&sent, "4294967295");
    ensure(arrive, || {
        format!("all tokens are to arrive. Sent: {}", shown(&sent))
    })
}

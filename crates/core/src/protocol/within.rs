//! A request within what a provider can do.

use std::borrow::Cow;

use crate::{
    Capabilities, ChatRequest, EmbedRequest, Error, ErrorKind, RerankRequest, Result, Role,
    Warning,
    chat::{Format, Modality, Warnings},
    embed::Precision,
};

/// The request without the settings that `can` does not declare, and a warning for each of those.
/// What is left may be written to the wire without another look at the capabilities. Parts of
/// messages are the protocol's to judge: it knows which it can write.
///
/// # Errors
///
/// What [`check`] refuses.
///
/// ```
/// use trunkline_core::{Capabilities, ChatRequest, chat::Warnings, protocol::within};
///
/// let request = ChatRequest::from("Hi").model("m").temperature(0.2).seed(7);
/// let mut warnings = Warnings::default();
/// let can = Capabilities::NONE.chat().temperature();
/// let request = within(can, &request, &mut warnings)?;
/// assert_eq!((request.temperature, request.seed), (Some(0.2), None));
/// assert_eq!(warnings.into_vec().len(), 1);
/// # Ok::<(), trunkline_core::Error>(())
/// ```
pub fn within<'a>(
    can: Capabilities,
    request: &'a ChatRequest,
    warnings: &mut Warnings,
) -> Result<Cow<'a, ChatRequest>> {
    check(request)?;
    let mut lost = Warnings::default();
    survey(can, request, &mut lost);
    if lost.first().is_none() {
        return Ok(Cow::Borrowed(request));
    }
    lost.into_vec()
        .into_iter()
        .for_each(|warning| warnings.push(warning));
    let mut request = request.clone();
    macro_rules! clear {
        ($($flag:ident),+) => {
            $(if !can.$flag {
                request.$flag = Default::default();
            })+
        };
    }
    clear!(
        temperature,
        top_p,
        top_k,
        min_p,
        frequency_penalty,
        presence_penalty,
        seed,
        stop,
        candidates,
        logprobs,
        logit_bias,
        reasoning,
        service_tier,
        user,
        metadata,
        tools,
        tool_choice,
        parallel_tools
    );
    request.modalities.retain(|modality| match modality {
        Modality::Image => can.image_out,
        Modality::Audio => can.audio_out,
        Modality::Text => true,
    });
    request.format = request.format.take().and_then(|format| match format {
        Format::Schema { .. } if !can.schema => can.json.then_some(Format::Json),
        Format::Json if !can.json => None,
        format => Some(format),
    });
    Ok(Cow::Owned(request))
}

/// A warning for each setting of the request that `can` does not declare, for a protocol that looks
/// at the capabilities itself as it writes.
pub fn survey(can: Capabilities, request: &ChatRequest, warnings: &mut Warnings) {
    macro_rules! unsupported {
        ($($name:ident: $asked:expr),+ $(,)?) => {
            $(warnings.unsupported_if(!can.$name && $asked, stringify!($name));)+
        };
    }
    unsupported! {
        temperature: request.temperature.is_some(),
        top_p: request.top_p.is_some(),
        top_k: request.top_k.is_some(),
        min_p: request.min_p.is_some(),
        frequency_penalty: request.frequency_penalty.is_some(),
        presence_penalty: request.presence_penalty.is_some(),
        seed: request.seed.is_some(),
        stop: !request.stop.is_empty(),
        candidates: request.candidates.is_some_and(|n| n != 1),
        logprobs: request.logprobs.is_some(),
        logit_bias: !request.logit_bias.is_empty(),
        reasoning: request.reasoning.is_some(),
        service_tier: request.service_tier.is_some(),
        user: request.user.is_some(),
        metadata: !request.metadata.is_empty(),
        tools: !request.tools.is_empty(),
        tool_choice: request.tool_choice.is_some() && !request.tools.is_empty(),
        parallel_tools: request.parallel_tools.is_some() && !request.tools.is_empty(),
        image_out: request.modalities.contains(&Modality::Image),
        audio_out: request.modalities.contains(&Modality::Audio),
    }
    match &request.format {
        Some(Format::Schema { .. }) if !can.schema && can.json => {
            warnings.push(Warning::coerced("format", "schema", "json"));
        }
        Some(Format::Schema { .. }) if !can.schema => warnings.push(Warning::unsupported("schema")),
        Some(Format::Json) if !can.json => warnings.push(Warning::unsupported("json")),
        _ => {}
    }
    let last = request.messages.last();
    let prefilled = last.is_some_and(|message| message.role == Role::Assistant);
    warnings.unsupported_if(prefilled && !can.prefill, "prefill");
}

/// Refuses what no wire can carry, before anything is sent.
///
/// # Errors
///
/// [`InvalidRequest`](ErrorKind::InvalidRequest): there is no message or no model, or a number is
/// none, for which JSON has no word.
pub fn check(request: &ChatRequest) -> Result<()> {
    let invalid = |what: &str| Err(Error::new(ErrorKind::InvalidRequest, what.to_owned()));
    if request.messages.is_empty() {
        return invalid("the request has no messages; add one with `.user(…)`");
    }
    if request.model.is_empty() {
        return invalid("the request names no model");
    }
    let bias = request.logit_bias.values();
    let mut numbers = [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
        ("min_p", request.min_p),
        ("frequency_penalty", request.frequency_penalty),
        ("presence_penalty", request.presence_penalty),
    ]
    .into_iter()
    .chain(bias.map(|bias| ("logit_bias", Some(*bias))));
    match numbers.find(|(_, number)| number.is_some_and(|number| !number.is_finite())) {
        Some((name, _)) => invalid(&format!("`{name}` is no finite number")),
        None => Ok(()),
    }
}

/// The same for embeddings: refuses what cannot be sent, and warns of settings that `can` does not
/// declare.
///
/// # Errors
///
/// [`InvalidRequest`](ErrorKind::InvalidRequest): there is no input or no model, or there are more
/// inputs than the provider takes in one request.
pub fn check_embed(
    can: Capabilities,
    request: &EmbedRequest,
    warnings: &mut Warnings,
) -> Result<()> {
    let invalid = |what: String| Err(Error::new(ErrorKind::InvalidRequest, what));
    if request.model.is_empty() {
        return invalid("the request names no model".to_owned());
    }
    let inputs = request.inputs.len();
    match can.max_inputs {
        _ if inputs == 0 => return invalid("there is nothing to embed".to_owned()),
        Some(most) if inputs > most => {
            return invalid(format!(
                "{inputs} inputs in one request; the provider takes {most}. `model.embed(…)` sends several"
            ));
        }
        _ => {}
    }
    warnings.unsupported_if(
        request.dimensions.is_some() && !can.dimensions,
        "dimensions",
    );
    let other = |precision| precision != Precision::Float;
    warnings.unsupported_if(
        request.precision.is_some_and(other) && !can.precision,
        "precision",
    );
    warnings.unsupported_if(request.user.is_some() && !can.user, "user");
    Ok(())
}

/// The same for a ranking: refuses what cannot be sent. What the wire does with
/// [`top_n`](RerankRequest::top_n) and with documents of fields is the protocol's to judge.
///
/// # Errors
///
/// [`InvalidRequest`](ErrorKind::InvalidRequest): there is no query, no document or no model, none
/// of the documents shall come back, or there are more documents than the provider takes in one
/// request.
///
/// ```
/// use trunkline_core::{Capabilities, RerankRequest, protocol::check_rerank};
///
/// let can = Capabilities::NONE.rerank().max_documents(2);
/// let request = |documents: &[&str]| RerankRequest::new("q", documents.iter().copied()).model("m");
/// assert!(check_rerank(can, &request(&["a", "b"])).is_ok());
/// assert!(check_rerank(can, &request(&["a", "b", "c"])).is_err());
/// assert!(check_rerank(can, &request(&[])).is_err());
/// ```
pub fn check_rerank(can: Capabilities, request: &RerankRequest) -> Result<()> {
    let invalid = |what: &str| Err(Error::new(ErrorKind::InvalidRequest, what.to_owned()));
    if request.model.is_empty() {
        return invalid("the request names no model");
    }
    if request.query.is_empty() {
        return invalid("the request has no query");
    }
    if request.top_n == Some(0) {
        return invalid("`top_n` is 0: no document would come back");
    }
    let documents = request.documents.len();
    match can.max_documents {
        _ if documents == 0 => invalid("there is nothing to rank"),
        Some(most) if documents > most => invalid(&format!(
            "{documents} documents in one request; the provider takes {most}. `model.rerank(…)` sends several"
        )),
        _ => Ok(()),
    }
}

//! Tensors out of tensors.

use std::sync::Arc;

use trunkline_core::{InferRequest, Op, infer::Tensor};

use super::{
    super::{
        Subject,
        list::{List, Outcome, ensure},
        probe::{shown, told},
        role::expected,
    },
    answered, asking, hostile, wrong_key,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let infer = subject.needs("infer");
    list.add_if(
        &infer,
        "the_tensors_are_those_of_the_fixture",
        |subject| async move { tensors(&subject).await },
    );
    list.add_if(
        &infer,
        "inputs_outputs_and_model_arrive_by_their_names",
        |subject| async move { arrive(&subject).await },
    );
    list.add_if(
        &infer,
        "a_wrong_key_fails_an_inference_as_it_fails_a_call",
        |subject| async move { wrong_key(&subject, "infer").await },
    );
    list.add_if(
        &infer,
        "no_body_makes_an_inference_panic",
        |subject| async move { hostile(&subject, "infer").await },
    );
}

async fn tensors(subject: &Subject) -> Outcome {
    let case = asking(subject, "infer")?;
    let (answer, _) = answered(subject, &case, case.op.clone()).await?;
    let answer = answer.into_infer().map_err(|error| told(&error))?;
    ensure(!answer.outputs.is_empty(), || {
        "the fixture `infer` is to have an output".to_owned()
    })?;
    let read = serde_json::to_value(&answer).map_err(|error| error.to_string())?;
    ensure(expected(subject, "infer")? == read, || {
        format!("the tensors are {read}, and the fixture expects others")
    })
}

async fn arrive(subject: &Subject) -> Outcome {
    let case = asking(subject, "infer")?;
    let tensor = |name, numbers: &[f32]| {
        let shape = [1, numbers.len() as u64];
        Tensor::of(name, shape, numbers).map_err(|error| told(&error))
    };
    let inputs = [
        tensor("first-input", &[0.5, -1.25])?,
        tensor("second-input", &[3.0])?,
    ];
    let request = InferRequest::new(inputs)
        .model("conformance-model-1")
        .output("wanted-output");
    let (_, sent) = answered(subject, &case, Op::Infer(Arc::new(request))).await?;
    // Not `carries`: the body may be binary.
    let body = String::from_utf8_lossy(&sent.body).into_owned();
    for name in ["first-input", "second-input", "wanted-output"] {
        ensure(body.contains(name), || {
            format!("`{name}` is to arrive. Sent: {}", shown(&sent))
        })?;
    }
    let model = "conformance-model-1";
    ensure(sent.path.contains(model) || body.contains(model), || {
        format!("the model is to arrive. Sent: {}", shown(&sent))
    })
}

//! Tensors, in and out of a server that gives them back.

use trunkline_core::{
    Error, ErrorKind, InferRequest, InferResponse,
    infer::{Bf16, DataType, F16, Tensor},
};

use super::{Checked, failed, must, must_be};
use crate::servers::{
    conversation::NO_MODEL,
    row::{Subject, Tensors},
};

/// What each dimension of a tensor measures, as many as it has. One has none of its own: dimensions of
/// one are easily lost.
const SIZES: [u64; 5] = [2, 3, 1, 2, 2];

async fn infer(
    subject: &Subject,
    model: &str,
    inputs: Vec<Tensor>,
) -> Result<InferResponse, Error> {
    let model = subject.backend()?.model(model);
    model.infer_request(InferRequest::new(inputs)).await
}

/// Numbers in, twice as much out, by the names that the model has.
pub(super) async fn doubled(subject: &Subject) -> Checked {
    let x = [1.5_f32, -2.25, 0.0, 1e30, 3.25e-5];
    let input = Tensor::of("x", [5], &x).map_err(failed)?;
    let model = subject.row.models.chat;
    let answer = infer(subject, model, vec![input]).await.map_err(failed)?;
    let doubled = x.map(|number| number + number);
    let y = answer.output("y").ok_or("there is no output `y`")?;
    let came = y.to_vec::<f32>().map_err(failed)?;
    must(
        came == doubled && y.shape() == [5] && answer.model == model,
        format_args!("{:?} of {:?} by {:?}", came, y.shape(), answer.model),
    )
}

/// What the row's server gives back. Those that have none were told apart by `lack`.
fn tensors(subject: &Subject) -> Result<&Tensors, String> {
    let tensors = subject.row.tensors.as_ref();
    tensors.ok_or_else(|| "the row has no model that gives back tensors".to_owned())
}

/// All types, in all shapes that the server has, and each as it was sent.
pub(super) async fn types(subject: &Subject) -> Checked {
    let tensors = tensors(subject)?;
    for rank in tensors.ranks.clone() {
        let shape = SIZES.get(..rank).unwrap_or(&SIZES);
        let types = DataType::ALL.into_iter().filter(|of| (tensors.types)(*of));
        let sent: Result<Vec<_>, _> = types.map(|of| sample(of, shape)).collect();
        must_return(subject, rank, sent.map_err(failed)?).await?;
    }
    Ok(())
}

/// What only bytes carry: no number, no end, and nothing with a sign.
pub(super) async fn edges(subject: &Subject) -> Checked {
    let tensors = tensors(subject)?;
    let shape = vec![5];
    let mut sent = Vec::new();
    for of in DataType::ALL.into_iter().filter(|of| (tensors.types)(*of)) {
        let numbers = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            -0.0,
            f32::MIN_POSITIVE,
        ];
        let name = of.as_str();
        let tensor = match of {
            DataType::Fp16 => Tensor::of(name, shape.clone(), &numbers.map(F16::from_f32)),
            DataType::Bf16 => Tensor::of(name, shape.clone(), &numbers.map(Bf16::from_f32)),
            DataType::Fp32 => Tensor::of(name, shape.clone(), &numbers),
            DataType::Fp64 => Tensor::of(name, shape.clone(), &numbers.map(f64::from)),
            // Bytes that are no text, none at all, and one that text would end at.
            DataType::Bytes => {
                let strings: [&[u8]; 5] =
                    [b"\xff\xfe", b"", b"\0", b"a\nb", "\u{1f9a6}".as_bytes()];
                Tensor::of_bytes(name, shape.clone(), strings)
            }
            of => sample(of, &shape),
        };
        sent.push(tensor.map_err(failed)?);
    }
    must_return(subject, 1, sent).await
}

/// Sends them, and compares what comes back by its bytes.
async fn must_return(subject: &Subject, rank: usize, sent: Vec<Tensor>) -> Checked {
    let model = (tensors(subject)?.model)(rank);
    let answer = infer(subject, &model, sent.clone()).await;
    let answer = answer.map_err(|error| format!("{rank} dimensions: {}", failed(error)))?;
    for sent in sent {
        let name = format!("out_{}", sent.name());
        let Some(came) = answer.output(&name) else {
            return Err(format!("{rank} dimensions: there is no {name}"));
        };
        let is_same = came.data_type() == sent.data_type()
            && came.shape() == sent.shape()
            && came.data() == sent.data();
        must(
            is_same,
            format_args!(
                "{rank} dimensions: {} of {:?} came back as {} of {:?}: {:?} and not {:?}",
                sent.data_type(),
                sent.shape(),
                came.data_type(),
                came.shape(),
                came.data(),
                sent.data(),
            ),
        )?;
    }
    must(
        answer.model == model,
        format_args!("it calls itself {:?}", answer.model),
    )
}

/// A tensor of this type, called by it: the ends of its range first.
fn sample(of: DataType, shape: &[u64]) -> Result<Tensor, Error> {
    let count = usize::try_from(shape.iter().product::<u64>()).unwrap_or_default();
    let (name, shape) = (of.as_str(), shape.to_vec());
    macro_rules! numbers {
        ($type:ty) => {{
            let ends = [<$type>::MAX, <$type>::MIN];
            let others = (0_u8..100).map(<$type>::try_from).filter_map(Result::ok);
            let all = ends.into_iter().chain(others);
            Tensor::of(name, shape, &all.take(count).collect::<Vec<$type>>())
        }};
    }
    // Halves are whole in every float.
    let floats = || {
        (0_u8..100)
            .map(|number| f32::from(number) * 0.5 - 3.0)
            .take(count)
    };
    match of {
        DataType::Bool => {
            let all: Vec<bool> = (0..count).map(|at| at % 3 == 0).collect();
            Tensor::of(name, shape, &all)
        }
        DataType::Uint8 => numbers!(u8),
        DataType::Uint16 => numbers!(u16),
        DataType::Uint32 => numbers!(u32),
        DataType::Uint64 => numbers!(u64),
        DataType::Int8 => numbers!(i8),
        DataType::Int16 => numbers!(i16),
        DataType::Int32 => numbers!(i32),
        DataType::Int64 => numbers!(i64),
        DataType::Fp16 => Tensor::of(
            name,
            shape,
            &floats().map(F16::from_f32).collect::<Vec<_>>(),
        ),
        DataType::Bf16 => Tensor::of(
            name,
            shape,
            &floats().map(Bf16::from_f32).collect::<Vec<_>>(),
        ),
        DataType::Fp32 => Tensor::of(name, shape, &floats().collect::<Vec<_>>()),
        // No 32 bits hold these.
        DataType::Fp64 => {
            let all: Vec<f64> = floats().map(|number| f64::from(number) + 1e-9).collect();
            Tensor::of(name, shape, &all)
        }
        _ => Tensor::of_bytes(
            name,
            shape,
            (0..count).map(|at| format!("{at}: é \"\u{1f9a6}\"")),
        ),
    }
}

/// A model that is not there.
pub(super) async fn unknown_model(subject: &Subject) -> Checked {
    let x = Tensor::of("x", [2], &[1.0_f32, 2.0]).map_err(failed)?;
    let unknown = infer(subject, NO_MODEL, vec![x]).await;
    must_be(ErrorKind::NotFound, &error_of(unknown)?)
}

/// An input of another type, and one that there is not.
pub(super) async fn errors(subject: &Subject) -> Checked {
    let model = subject.row.models.chat;
    let other = Tensor::of("x", [2], &[1_i64, 2]).map_err(failed)?;
    for wrong in [
        other,
        Tensor::of("z", [2], &[1.0_f32, 2.0]).map_err(failed)?,
    ] {
        let error = error_of(infer(subject, model, vec![wrong]).await)?;
        must_be(ErrorKind::InvalidRequest, &error)?;
        must(
            error.attempts().len() == 1,
            format_args!("{} attempts: {error}", error.attempts().len()),
        )?;
    }
    Ok(())
}

fn error_of(answered: Result<InferResponse, Error>) -> Result<Error, String> {
    match answered {
        Ok(answer) => Err(format!("it was answered: {:?}", answer.outputs)),
        Err(error) => Ok(error),
    }
}

/// It says that it can serve, and so does the model.
pub(super) async fn ready(subject: &Subject) -> Checked {
    let backend = subject.backend().map_err(failed)?;
    let checked = backend.check(trunkline_core::Check::Ready);
    checked.await.map(drop).map_err(failed)
}

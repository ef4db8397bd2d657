//! Tensors of every type and of zero to five dimensions through a real server, and back.
//!
//! `TRUNKLINE_KSERVE_URL` says where it is; without it there is nothing to do. What the server has to
//! have on it:
//!
//! - one that names `binary_tensor_data` (Triton): models `all1` to `all5`, which give each input back
//!   as `out_` and its name, an input for each type, named after it, of that many dimensions; and
//!   `json1` to `json5`, the same without the types that JSON has no form for;
//! - any other (MLServer, KServe's own): a model `echo`, which does so with whatever it is given. With
//!   `TRUNKLINE_KSERVE_BINARY` set it is tried with bytes as well.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::collections::BTreeSet;

use trunkline_core::{
    Check, InferRequest,
    infer::{Bf16, DataType, F16, Tensor},
};
use trunkline_kserve::{
    Encoding, Index, Kserve, Live, Metadata, Options, Server, Statistics, prelude::*,
};

/// Why nothing was tried, is printed.
fn account() -> Option<Kserve> {
    let Ok(url) = std::env::var("TRUNKLINE_KSERVE_URL") else {
        println!("TRUNKLINE_KSERVE_URL is not set: no real server was asked");
        return None;
    };
    let builder = Kserve::builder().client(HttpClient::shared()).endpoint(url);
    Some(builder.build().unwrap())
}

/// Bytes that are others each time, and the same in each run.
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0 >> 16
    }
}

/// The limits of a type first, then anything.
fn filled<T: Copy>(count: usize, limits: &[T], mut any: impl FnMut() -> T) -> Vec<T> {
    (0..count)
        .map(|at| limits.get(at).copied().unwrap_or_else(&mut any))
        .collect()
}

/// A tensor of this type and shape; with what only bytes can say, if `odd`, and strings that are no text,
/// if `raw`.
fn tensor(kind: DataType, shape: &[u64], odd: bool, raw: bool) -> Tensor {
    let name = kind.as_str();
    let count = usize::try_from(shape.iter().product::<u64>()).unwrap();
    let mut bytes = Bytes(kind as u64 * 1_000 + shape.len() as u64);
    macro_rules! whole {
        ($type:ty) => {
            Tensor::of(
                name,
                shape,
                &filled(count, &[<$type>::MAX, <$type>::MIN], || {
                    bytes.next() as $type
                }),
            )
        };
    }
    macro_rules! real {
        ($type:ty) => {{
            let odd: &[$type] = match odd {
                true => &[
                    <$type>::NAN,
                    <$type>::INFINITY,
                    -0.0,
                    <$type>::NEG_INFINITY,
                    -<$type>::NAN,
                ],
                false => &[
                    <$type>::MIN_POSITIVE,
                    <$type>::MAX,
                    0.1,
                    -1.0e-7,
                    <$type>::MIN,
                ],
            };
            // Few digits: Triton reads more of them only nearly right, up to three steps off.
            let any = || (bytes.next() % 1_000_000_000) as $type / 1000.0;
            Tensor::of(name, shape, &filled(count, odd, any))
        }};
    }
    let tensor = match kind {
        DataType::Bool => Tensor::of(
            name,
            shape,
            &filled(count, &[true, false], || bytes.next().is_multiple_of(2)),
        ),
        DataType::Uint8 => whole!(u8),
        DataType::Uint16 => whole!(u16),
        DataType::Uint32 => whole!(u32),
        DataType::Uint64 => whole!(u64),
        DataType::Int8 => whole!(i8),
        DataType::Int16 => whole!(i16),
        DataType::Int32 => whole!(i32),
        DataType::Int64 => whole!(i64),
        DataType::Fp32 => real!(f32),
        DataType::Fp64 => real!(f64),
        // NaN, infinity, negative zero, the smallest, and any bits that are none of them.
        DataType::Fp16 => {
            let odd = [0x7e00, 0x7c00, 0x8000, 0x0001].map(F16);
            Tensor::of(
                name,
                shape,
                &filled(count, &odd, || F16(bytes.next() as u16 & 0x3fff)),
            )
        }
        DataType::Bf16 => {
            let odd = [0x7fc0, 0x7f80, 0x8000, 0x0001].map(Bf16);
            Tensor::of(
                name,
                shape,
                &filled(count, &odd, || Bf16(bytes.next() as u16 & 0x3fff)),
            )
        }
        _ => {
            let text = |at: usize| match (at, raw) {
                (0, true) => vec![0xff, 0x00, 0xfe],
                (0, false) => "é \"\\\n".into(),
                (1, _) => Vec::new(),
                _ => format!("[{}],", bytes.next()).into_bytes(),
            };
            let all: Vec<_> = (0..count).map(text).collect();
            Tensor::of_bytes(name, shape, all)
        }
    };
    tensor.unwrap()
}

fn has_json(kind: DataType) -> bool {
    !matches!(kind, DataType::Fp16 | DataType::Bf16)
}

/// Asks `model` with all of `kinds` at once, and compares bit for bit.
async fn round(
    account: &Kserve,
    model: &str,
    kinds: &[DataType],
    shape: &[u64],
    encoding: Encoding,
) {
    let odd = encoding == Encoding::Binary;
    // KServe's own server takes text only, be it in bytes.
    let raw = odd && model != "echo";
    let inputs: Vec<_> = kinds
        .iter()
        .map(|kind| tensor(*kind, shape, odd, raw))
        .collect();
    let request = InferRequest::new(inputs.clone()).id("round");
    // Asked for by name where the dimensions are even: for bytes that is another way to ask.
    let named = match shape.len() % 2 {
        0 => inputs.len(),
        _ => 0,
    };
    let names = inputs.iter().take(named);
    let request = names.fold(request, |request, input| {
        request.output(format!("out_{}", input.name()))
    });
    let request = request.option(Options::new().encoding(encoding));
    let answer = account.model(model).infer_request(request).await;
    let answer = answer.unwrap_or_else(|error| panic!("{model} {shape:?} {encoding:?}: {error}"));
    assert_eq!(answer.id.as_deref(), Some("round"));
    for input in &inputs {
        let output = answer.output(&format!("out_{}", input.name())).unwrap();
        let place = format!("{model} {} {shape:?} {encoding:?}", input.name());
        assert_eq!(output.data_type(), input.data_type(), "{place}");
        assert_eq!(output.shape(), input.shape(), "{place}");
        assert!(
            output.data() == input.data(),
            "{place}: {:?} became {:?}",
            input.data(),
            output.data()
        );
    }
    println!(
        "{model}: {} types of shape {shape:?} as {encoding:?}",
        kinds.len()
    );
}

#[tokio::test]
async fn tensors_come_back_equal() {
    let Some(account) = account() else { return };
    const DIMENSIONS: [u64; 5] = [3, 2, 1, 4, 2];
    let server = account.backend().ask(Server).await.unwrap();
    println!("{} {}", server.name, server.version);
    let with_bytes = std::env::var("TRUNKLINE_KSERVE_BINARY").is_ok_and(|value| !value.is_empty());
    let in_json: Vec<_> = DataType::ALL
        .into_iter()
        .filter(|kind| has_json(*kind))
        .collect();
    if server.has("binary_tensor_data") {
        for rank in 1..=5 {
            let shape = &DIMENSIONS[..rank];
            round(
                &account,
                &format!("all{rank}"),
                &DataType::ALL,
                shape,
                Encoding::Binary,
            )
            .await;
            round(
                &account,
                &format!("json{rank}"),
                &in_json,
                shape,
                Encoding::Json,
            )
            .await;
        }
        return;
    }
    for rank in 0..=5 {
        let shape = &DIMENSIONS[..rank];
        round(&account, "echo", &in_json, shape, Encoding::Json).await;
        if with_bytes {
            // numpy, in which KServe's own server holds tensors, has no BF16.
            let kinds = DataType::ALL
                .into_iter()
                .filter(|kind| *kind != DataType::Bf16);
            round(
                &account,
                "echo",
                &kinds.collect::<Vec<_>>(),
                shape,
                Encoding::Binary,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_tensor_of_64_mib_passes() {
    let Some(account) = account() else { return };
    let backend = account.backend();
    if !backend.ask(Server).await.unwrap().has("binary_tensor_data") {
        return;
    }
    let numbers: Vec<f32> = (0..16_u32 << 20).map(|at| at as f32 / 2.0).collect();
    let tensor = Tensor::of("x", [16 << 20], &numbers).unwrap();
    let request = InferRequest::new([tensor]).option(Options::new().encoding(Encoding::Binary));
    let answer = account
        .model("double")
        .infer_request(request)
        .await
        .unwrap();
    let doubled: Vec<f32> = answer.output("y").unwrap().to_vec().unwrap();
    assert!(doubled.iter().zip(&numbers).all(|(y, x)| *y == x * 2.0));
}

#[tokio::test]
async fn numbers_without_a_word_in_json_come_as_json_too() {
    let Some(account) = account() else { return };
    if !account
        .backend()
        .ask(Server)
        .await
        .unwrap()
        .has("binary_tensor_data")
    {
        return;
    }
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0];
    let request = InferRequest::new([Tensor::of("x", [4], &odd).unwrap()]);
    let request = request.option(Options::new().output_encoding(Encoding::Json));
    let answer = account
        .model("double")
        .infer_request(request)
        .await
        .unwrap();
    let doubled: Vec<f32> = answer.output("y").unwrap().to_vec().unwrap();
    let bits = |all: &[f32]| {
        all.iter()
            .map(|number| number.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(&doubled), bits(&odd));
}

#[tokio::test]
async fn an_output_out_of_range_is_no_reason_to_lose_the_answer() {
    let Some(account) = account() else { return };
    // KServe's own server has no such model.
    if account.backend().models().await.is_err() {
        return;
    }
    let x = Tensor::of("x", [2], &[3.0e38_f32, 1.0]).unwrap();
    let answer = account.model("double").infer([x]).await.unwrap();
    let doubled: Vec<f32> = answer.output("y").unwrap().to_vec().unwrap();
    // MLServer has no word for an infinity.
    assert!(!doubled[0].is_finite() && doubled[1] == 2.0, "{doubled:?}");
}

#[tokio::test]
async fn the_rest_of_the_protocol_answers() {
    let Some(account) = account() else { return };
    let backend = account.backend();
    assert!(backend.ask(Live).await.unwrap());
    backend.check(Check::Ready).await.unwrap();
    let server = backend.ask(Server).await.unwrap();
    let x = || Tensor::of("x", [3], &[1.0_f32, 2.5, -0.0]).unwrap();

    let mut names = BTreeSet::new();
    match backend.models().await {
        Ok(models) => {
            names.extend(models.into_iter().map(|model| model.id));
            let index = backend.ask(Index::all()).await.unwrap();
            assert!(
                index
                    .iter()
                    .all(|entry| names.contains(&entry.name) == entry.is_ready())
            );
        }
        // KServe's own server has no index.
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
    }
    for name in &names {
        backend.ask(Metadata::of(name)).await.unwrap();
    }
    if names.contains("double") {
        let model = backend.ask(Metadata::of("double")).await.unwrap();
        model.check(&InferRequest::new([x()]).output("y")).unwrap();
        let wrong = Tensor::of("x", [3], &[1.0_f64; 3]).unwrap();
        assert!(model.check(&InferRequest::new([wrong])).is_err());
        let answer = account
            .model("double")
            .infer([x()])
            .output("y")
            .await
            .unwrap();
        assert_eq!(
            answer.output("y").unwrap().to_vec::<f32>().unwrap(),
            [2.0, 5.0, 0.0]
        );
    }
    let error = account.model("nobody").infer([x()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    if server.has("statistics") {
        let all = backend.ask(Statistics::of("double")).await.unwrap();
        assert!(all[0].inference_count > 0);
    }
}

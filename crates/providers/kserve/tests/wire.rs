//! What goes over the wire, byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, response::Parts};
use serde_json::{Value, json};
use trunkline_core::{
    ErrorKind, InferRequest, InferResponse, Json, Op, Reply, Result,
    chat::Warnings,
    infer::{Bf16, DataType, F16, Tensor},
    protocol::{Protocol, Target},
};
use trunkline_kserve::{DIALECT, Encoding, OpenInference, Options};

const WIRE: OpenInference = OpenInference(DIALECT);

fn encoded(request: InferRequest) -> Result<Request<Bytes>> {
    let target = Target::parse("http://127.0.0.1:8000").unwrap();
    let op = Op::Infer(Arc::new(request.model("m")));
    let mut warnings = Warnings::default();
    let encoded = WIRE.encode(&op, &target, &mut warnings);
    assert!(warnings.first().is_none());
    encoded
}

/// The JSON of a request, and the bytes behind it.
fn sent(request: InferRequest) -> (Value, Bytes) {
    let (head, body) = encoded(request).unwrap().into_parts();
    let length = head.headers.get("inference-header-content-length");
    let media_type = &head.headers["content-type"];
    let length = length.map(|length| length.to_str().unwrap().parse().unwrap());
    let expected = match length {
        Some(_) => "application/octet-stream",
        None => "application/json",
    };
    assert_eq!(media_type, expected);
    let at = length.unwrap_or(body.len());
    (
        serde_json::from_slice(&body[..at]).unwrap(),
        body.slice(at..),
    )
}

fn head(status: u16, length: Option<usize>) -> Parts {
    let mut response = Response::builder().status(status);
    if let Some(length) = length {
        response = response.header("Inference-Header-Content-Length", length);
    }
    response.body(()).unwrap().into_parts().0
}

fn decoded(json: &str, bytes: &[u8]) -> Result<InferResponse> {
    let length = (!bytes.is_empty()).then_some(json.len());
    let body = [json.as_bytes(), bytes].concat().into();
    WIRE.decode(&Op::Infer(Arc::default()), &head(200, length), body)
        .map(|reply| match reply {
            Reply::Infer(response) => response,
            other => panic!("{other:?}"),
        })
}

fn output(kind: &str, shape: &str, data: &str) -> String {
    format!(
        r#"{{"model_name":"m","outputs":[{{"name":"y","datatype":"{kind}","shape":{shape},"data":{data}}}]}}"#
    )
}

fn binary() -> Options {
    Options::new().encoding(Encoding::Binary)
}

#[test]
fn what_has_a_form_in_json_goes_as_json() {
    let request = InferRequest::new([
        Tensor::of("x", [2, 2], &[1.5_f32, -0.0, 0.1, 3.0e38]).unwrap(),
        Tensor::of("n", [], &[u64::MAX]).unwrap(),
        Tensor::of("b", [2], &[true, false])
            .unwrap()
            .parameter("k", json!(1)),
        Tensor::of_bytes("s", [2], ["é\"", ""]).unwrap(),
        Tensor::of::<i8>("none", [0, 3], &[]).unwrap(),
    ]);
    let request = request
        .id("7")
        .output("y")
        .output("z")
        .parameter("p", json!("q"));
    let (body, rest) = sent(request.version("3").option(Options::new().priority(2_u64)));
    assert!(rest.is_empty());
    let expected = json!({
        "id": "7",
        "parameters": {"p": "q", "priority": 2},
        "inputs": [
            {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1.5, -0.0, 0.1, 3.0e38]},
            {"name": "n", "shape": [], "datatype": "UINT64", "data": [u64::MAX]},
            {"name": "b", "shape": [2], "datatype": "BOOL", "parameters": {"k": 1}, "data": [true, false]},
            {"name": "s", "shape": [2], "datatype": "BYTES", "data": ["é\"", ""]},
            {"name": "none", "shape": [0, 3], "datatype": "INT8", "data": []},
        ],
        "outputs": [{"name": "y"}, {"name": "z"}],
    });
    // The floats by their text: `0.1`, and not what a double says of it.
    assert_eq!(body.to_string(), expected.to_string());
}

#[test]
fn models_and_versions_stay_in_their_place() {
    let request = InferRequest::new([]).version("1/../2");
    assert_eq!(
        encoded(request).unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
    let uri = encoded(InferRequest::new([]).version("v 1"))
        .unwrap()
        .uri()
        .to_string();
    assert_eq!(
        uri,
        "http://127.0.0.1:8000/v2/models/m/versions/v%201/infer"
    );
}

#[test]
fn bytes_follow_the_json_in_the_order_of_the_inputs() {
    let request = InferRequest::new([
        Tensor::of("a", [2], &[1_u16, 258])
            .unwrap()
            .parameter("binary_data_size", json!(99)),
        Tensor::of_bytes("b", [1], [b"\xff"]).unwrap(),
        Tensor::of::<f64>("c", [0], &[]).unwrap(),
    ]);
    let (body, rest) = sent(
        request
            .option(binary())
            .parameter("binary_data_output", json!(false)),
    );
    let expected = json!({
        "parameters": {"binary_data_output": true},
        "inputs": [
            {"name": "a", "shape": [2], "datatype": "UINT16", "parameters": {"binary_data_size": 4}},
            {"name": "b", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 5}},
            {"name": "c", "shape": [0], "datatype": "FP64", "parameters": {"binary_data_size": 0}},
        ],
    });
    assert_eq!(body, expected);
    assert_eq!(&rest[..], b"\x01\0\x02\x01\x01\0\0\0\xff");
}

#[test]
fn what_has_no_form_in_json_goes_as_bytes_or_is_refused() {
    let odd = [
        Tensor::of("x", [1], &[F16::from_f32(1.0)]).unwrap(),
        Tensor::of("x", [1], &[Bf16::from_f32(1.0)]).unwrap(),
        Tensor::of("x", [1], &[f32::NAN]).unwrap(),
        Tensor::of("x", [1], &[f64::NEG_INFINITY]).unwrap(),
        Tensor::of_bytes("x", [1], [b"\xff"]).unwrap(),
    ];
    for tensor in odd {
        let request = InferRequest::new([tensor.clone()]);
        let (_, rest) = sent(request.clone());
        assert_eq!(rest, tensor.data(), "{tensor:?}");
        let json = request.option(Options::new().encoding(Encoding::Json));
        let error = encoded(json).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(
            error.message().contains("`x`") && error.message().contains("binary"),
            "{error}"
        );
    }
}

#[test]
fn the_outputs_have_an_encoding_of_their_own() {
    let request = || InferRequest::new([Tensor::of("x", [1], &[1_u8]).unwrap()]);
    let (body, rest) = sent(request().option(Options::new().output_encoding(Encoding::Binary)));
    assert_eq!(body["parameters"], json!({"binary_data_output": true}));
    assert_eq!((&body["inputs"][0]["data"], rest.len()), (&json!([1]), 0));
    let (body, rest) = sent(request().option(binary().output_encoding(Encoding::Json)));
    assert_eq!((&body["parameters"], rest.len()), (&Value::Null, 1));
}

#[test]
fn outputs_that_are_named_are_asked_for_as_bytes_one_by_one() {
    // To Triton, what is said of all outputs holds only for those that are not named.
    let request = || InferRequest::new([Tensor::of("x", [1], &[1_u8]).unwrap()]).output("y");
    let (body, _) = sent(request().option(binary()));
    assert_eq!(body["parameters"], json!({"binary_data_output": true}));
    let named = json!([{"name": "y", "parameters": {"binary_data": true}}]);
    assert_eq!(body["outputs"], named);
    let (body, _) = sent(request().option(Options::new().output_encoding(Encoding::Binary)));
    assert_eq!(body["outputs"], named);
    let (body, _) = sent(request().option(binary().output_encoding(Encoding::Json)));
    assert_eq!(body["outputs"], json!([{"name": "y"}]));
}

#[test]
fn a_request_that_cannot_be_meant_is_refused() {
    let x = Tensor::of("x", [1], &[1_u8]).unwrap();
    let error = encoded(InferRequest::new([x.clone(), x])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let mut request = InferRequest::new([]);
    let options = Json::parse(r#"{"encoding":"morse"}"#).unwrap();
    request.options.insert("kserve".to_owned(), options);
    assert_eq!(
        encoded(request).unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
}

#[test]
fn a_sequence_is_not_repeated() {
    let request =
        InferRequest::new([]).option(Options::new().sequence_id(7_u64).sequence_start(true));
    assert!(request.effect);
    let (body, _) = sent(request);
    assert_eq!(
        body["parameters"],
        json!({"sequence_id": 7, "sequence_start": true})
    );
    assert!(!InferRequest::new([]).option(binary()).effect);
}

#[test]
fn an_answer_may_be_json_and_bytes_at_once() {
    let json = r#"{"model_name":"m","model_version":"2","id":"7","parameters":{"took":3},"extra":[],"outputs":[
        {"name":"a","datatype":"INT16","shape":[2],"parameters":{"binary_data_size":4,"k":"v"}},
        {"name":"b","datatype":"BYTES","shape":[1,2],"data":[["x","y"]]},
        {"name":"c","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":5}}]}"#;
    let response = decoded(json, b"\x01\0\xff\xff\x01\0\0\0z").unwrap();
    assert_eq!(
        (
            response.model.as_str(),
            response.version.as_deref(),
            response.id.as_deref()
        ),
        ("m", Some("2"), Some("7"))
    );
    assert_eq!(response.parameters["took"].get(), "3");
    assert_eq!(
        response.output("a").unwrap().to_vec::<i16>().unwrap(),
        [1, -1]
    );
    let parameters = response.output("a").unwrap().parameters();
    assert_eq!(parameters.keys().collect::<Vec<_>>(), ["k"]);
    assert_eq!(
        response.output("b").unwrap().to_bytes().unwrap(),
        ["x", "y"]
    );
    assert_eq!(response.output("c").unwrap().to_bytes().unwrap(), ["z"]);
}

#[test]
fn half_floats_are_read_from_json_too() {
    let response = decoded(&output("FP16", "[2]", "[0.1,-2]"), b"").unwrap();
    let halves = response.output("y").unwrap().to_vec::<F16>().unwrap();
    assert_eq!(halves, [F16::from_f32(0.1), F16::from_f32(-2.0)]);
}

#[test]
fn numbers_without_a_word_in_json_are_read_where_a_server_writes_them() {
    let response = decoded(&output("FP32", "[4]", "[NaN,Infinity,-Infinity,-0.0]"), b"").unwrap();
    let read = response.output("y").unwrap().to_vec::<f32>().unwrap();
    assert!(read[0].is_nan());
    assert_eq!(read[1..3], [f32::INFINITY, f32::NEG_INFINITY]);
    assert_eq!(read[3].to_bits(), (-0.0_f32).to_bits());
    let error = decoded(&output("INT8", "[1]", "[NaN]"), b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[test]
fn an_output_without_elements_needs_no_bytes() {
    let of = |parameters: &str| {
        format!(r#"{{"outputs":[{{"name":"y","datatype":"FP32","shape":[0,2]{parameters}}}]}}"#)
    };
    for parameters in [
        "",
        r#","parameters":{"binary_data_size":0}"#,
        r#","data":[]"#,
    ] {
        let response = decoded(&of(parameters), b"").unwrap();
        assert_eq!(response.output("y").unwrap().shape(), [0, 2]);
    }
}

#[test]
fn what_does_not_add_up_is_refused_with_its_reason() {
    let binary = r#"{"outputs":[{"name":"y","datatype":"INT16","shape":[1],"parameters":{"binary_data_size":2}}]}"#;
    for (json, bytes, says) in [
        (output("INT8", "[2]", "[1]"), &b""[..], "has 1 elements"),
        (output("INT8", "[1]", "[999]"), b"", "none of INT8"),
        (output("FP8", "[1]", "[1]"), b"", "FP8"),
        (output("INT8", "[-1]", "[1]"), b"", "another form"),
        (binary.to_owned(), b"", "bytes that did not come"),
        (binary.to_owned(), b"abc", "1 bytes are left"),
        ("{}".to_owned(), b"", "no outputs"),
        ("[".to_owned(), b"", "another form"),
    ] {
        let error = decoded(&json, bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{json}");
        assert!(error.message().contains(says), "{json}: {error}");
    }
    let op = Op::Infer(Arc::default());
    let error = WIRE
        .decode(&op, &head(200, Some(9)), "{}".into())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let error = decoded(r#"{"error":"it broke"}"#, b"").unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Server, "it broke")
    );
}

#[test]
fn every_type_has_its_name_on_the_wire() {
    for kind in DataType::ALL {
        let size = kind.size().unwrap_or(4);
        let tensor = Tensor::raw("x", kind, [1], vec![0; size]).unwrap();
        let (body, rest) = sent(InferRequest::new([tensor]).option(binary()));
        assert_eq!(body["inputs"][0]["datatype"], kind.as_str());
        assert_eq!(rest.len(), size);
    }
}

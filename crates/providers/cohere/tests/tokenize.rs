//! What only Cohere has: texts as tokens, and back.

#![allow(clippy::unwrap_used, reason = "tests")]

use trunkline_cohere::{Detokenize, Tokenize};
use trunkline_core::{ErrorKind, Operation};

#[test]
fn a_text_is_asked_for_its_tokens_and_tokens_for_their_text() {
    let head = http::Response::new(()).into_parts().0;
    let tokenize = Tokenize::new("m", "High water");
    let sent = tokenize.encode().unwrap();
    assert_eq!(sent.path, "/v1/tokenize");
    assert_eq!(sent.body, r#"{"model":"m","text":"High water"}"#);
    let answer = br#"{"tokens":[7,9],"token_strings":["High"," water"],"meta":{}}"#;
    let read = tokenize.decode(&head, answer.as_slice().into()).unwrap();
    assert_eq!((read.tokens, read.token_strings.len()), (vec![7, 9], 2));

    let detokenize = Detokenize::new("m", [7, 9]);
    let sent = detokenize.encode().unwrap();
    assert_eq!(
        (&*sent.path, &*sent.body),
        ("/v1/detokenize", &br#"{"model":"m","tokens":[7,9]}"#[..])
    );
    let read = detokenize.decode(&head, br#"{"text":"High water"}"#.as_slice().into());
    assert_eq!(read.unwrap(), "High water");
    let broken = detokenize
        .decode(&head, b"{}".as_slice().into())
        .unwrap_err();
    assert_eq!(broken.kind(), ErrorKind::Decode);
}

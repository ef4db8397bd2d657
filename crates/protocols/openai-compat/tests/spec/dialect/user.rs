//! What the end user is called.

use std::sync::Arc;

use trunkline_core::{ChatRequest, EmbedRequest, Op};

use super::{PLAIN, encoded};
use crate::support::body_of;

#[test]
fn the_end_user_stands_in_the_field_that_the_provider_reads() {
    let dialect = PLAIN.user_field("safety_identifier");
    let (body, _) = encoded(dialect, ChatRequest::from("hi").end_user("u-1"));
    assert!(body.contains(r#""safety_identifier":"u-1""#), "{body}");
    let mut request = EmbedRequest::new(["a"]).model("m");
    request.user = Some("u-1".into());
    let (body, _) = body_of(dialect, &Op::Embed(Arc::new(request))).unwrap();
    assert!(body.contains(r#""safety_identifier":"u-1""#), "{body}");
}

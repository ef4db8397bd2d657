//! An answer whose beginning is given.

use trunkline_core::{ChatRequest, Message, Warning};

use super::{PLAIN, encoded};

fn request() -> ChatRequest {
    ChatRequest::from("hi")
        .message(Message::assistant_text("One"))
        .message(Message::user("go on"))
        .message(Message::assistant_text("Two"))
}

#[test]
fn the_last_message_says_that_it_is_a_beginning() {
    let dialect = PLAIN.prefill("partial");
    let able = dialect.capabilities(PLAIN.capabilities.prefill());
    let (body, warnings) = encoded(able, request());
    let last = r#"{"role":"assistant","content":"Two","partial":true}]"#;
    assert!(body.contains(last), "{body}");
    assert_eq!(body.matches("partial").count(), 1, "{body}");
    assert_eq!(warnings, []);

    let (body, _) = encoded(able, ChatRequest::from("hi"));
    assert!(!body.contains("partial"), "{body}");
    let (body, warnings) = encoded(dialect, request());
    assert!(!body.contains("partial"), "{body}");
    assert_eq!(warnings, [Warning::unsupported("prefill")]);
}

//! Speakers with names.

use trunkline_core::{ChatRequest, Message, Warning};

use super::{PLAIN, encoded};

#[test]
fn a_name_is_left_out_where_it_is_refused() {
    let ask = |dialect| {
        let mut message = Message::user("hi");
        message.name = Some("ann".into());
        encoded(dialect, ChatRequest::default().message(message).model("m"))
    };
    let (body, warnings) = ask(PLAIN);
    assert!(body.contains(r#""name":"ann""#), "{body}");
    assert_eq!(warnings, []);
    let (body, warnings) = ask(PLAIN.no_names());
    assert!(!body.contains("ann"), "{body}");
    assert_eq!(warnings, [Warning::unsupported("name")]);
}

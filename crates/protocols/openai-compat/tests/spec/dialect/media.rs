//! Media by their addresses.

use trunkline_core::{
    ChatRequest, Message, Part, Role, Warning,
    chat::{Media, MediaType, Source},
};
use trunkline_openai_compat::Dialect;

use super::{PLAIN, encoded};

fn sent(dialect: Dialect, kind: &'static str) -> (String, Vec<Warning>) {
    let source = Source::Url("https://a.example/it".to_owned());
    let part = Part::new(Media::new(MediaType::from(kind), source));
    encoded(
        dialect,
        ChatRequest::new([Message::new(Role::User, [part])]),
    )
}

#[test]
fn an_address_is_left_out_where_nobody_fetches_it() {
    let mut can = PLAIN.capabilities;
    can.video_in = true;
    let plain = PLAIN.capabilities(can);
    for (kind, feature) in [("image/png", "image_in.url"), ("video/mp4", "video_in.url")] {
        let (body, warnings) = sent(plain, kind);
        assert!(body.contains("https://a.example/it"), "{body}");
        assert_eq!(warnings, []);
        let (body, warnings) = sent(plain.image_urls("ms://"), kind);
        assert!(!body.contains("https://a.example/it"), "{body}");
        assert_eq!(warnings, [Warning::unsupported(feature)]);
        let (body, _) = sent(plain.image_urls("https://a."), kind);
        assert!(body.contains("https://a.example/it"), "{body}");
    }
}

#[test]
fn a_document_goes_by_its_address_where_it_is_fetched() {
    let (_, warnings) = sent(PLAIN, "application/pdf");
    assert_eq!(warnings, [Warning::unsupported("document_in.url")]);
    let (body, warnings) = sent(PLAIN.document_urls(), "application/pdf");
    assert!(
        body.contains(r#""file":{"file_data":"https://a.example/it"}"#),
        "{body}"
    );
    assert_eq!(warnings, []);
}

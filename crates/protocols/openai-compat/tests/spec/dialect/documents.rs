//! Documents and sounds, as providers spell them.

use trunkline_core::{
    ChatRequest, Message, Part, Warning,
    chat::{Media, Source},
};
use trunkline_openai_compat::{Dialect, DocumentParam};

use super::{PLAIN, encoded};

fn sent(dialect: Dialect, kind: &'static str, source: Source) -> (String, Vec<Warning>) {
    let media = Media::new(kind, source).filename("a.pdf");
    let mut message = Message::user("Read it.");
    message.parts.push(Part::new(media));
    let request = ChatRequest::default().message(message);
    encoded(dialect, request.model("m"))
}

fn file(provider: &str) -> Source {
    Source::File([(provider.into(), "f-1".to_owned())].into())
}

const URL: &str = "https://example.com/a.pdf";

#[test]
fn a_document_has_the_provider_s_form() {
    let [file_url, document_url] =
        [DocumentParam::FileUrl, DocumentParam::DocumentUrl].map(|form| PLAIN.documents(form));
    for (dialect, source, piece) in [
        (
            document_url,
            Source::Bytes("abc".into()),
            r#"{"type":"document_url","document_url":"data:application/pdf;base64,YWJj","document_name":"a.pdf"}"#,
        ),
        (
            document_url,
            Source::Text("abc".into()),
            r#"{"type":"document_url","document_url":"data:application/pdf;base64,YWJj","document_name":"a.pdf"}"#,
        ),
        (
            document_url,
            Source::Url(URL.into()),
            r#"{"type":"document_url","document_url":"https://example.com/a.pdf","document_name":"a.pdf"}"#,
        ),
        (
            document_url,
            file("openai"),
            r#"{"type":"file","file_id":"f-1"}"#,
        ),
        (
            file_url,
            Source::Bytes("abc".into()),
            r#"{"type":"file_url","file_url":{"url":"YWJj"},"file_name":"a.pdf"}"#,
        ),
        (
            file_url,
            Source::Url(URL.into()),
            r#"{"type":"file_url","file_url":{"url":"https://example.com/a.pdf"},"file_name":"a.pdf"}"#,
        ),
    ] {
        let (body, warnings) = sent(dialect, "application/pdf", source);
        assert!(body.contains(piece), "{body}");
        assert_eq!(warnings, []);
    }
}

#[test]
fn what_the_form_has_no_place_for_is_warned_of() {
    let url = Source::Url(URL.into());
    let (_, warnings) = sent(PLAIN, "application/pdf", url);
    assert_eq!(warnings, [Warning::unsupported("document_in.url")]);
    let dialect = PLAIN.documents(DocumentParam::FileUrl);
    let (body, warnings) = sent(dialect, "application/pdf", file("openai"));
    assert!(!body.contains("f-1"), "{body}");
    assert_eq!(warnings, [Warning::unsupported("document_in.file")]);
}

#[test]
fn a_plain_sound_is_its_base64_or_its_address() {
    let dialect = PLAIN.plain_audio();
    let (body, _) = sent(dialect, "audio/wav", Source::Bytes("abc".into()));
    let piece = r#"{"type":"input_audio","input_audio":"YWJj"}"#;
    assert!(body.contains(piece), "{body}");
    let url = || Source::Url("https://example.com/a.wav".into());
    let (body, warnings) = sent(dialect, "audio/wav", url());
    let piece = r#"{"type":"input_audio","input_audio":"https://example.com/a.wav"}"#;
    assert!(body.contains(piece), "{body}");
    assert_eq!(warnings, []);
    let (_, warnings) = sent(PLAIN, "audio/wav", url());
    assert_eq!(warnings, [Warning::unsupported("audio_in.url")]);
}

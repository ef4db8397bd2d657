//! Images and what else is no text.

use std::sync::Arc;

use trunkline_core::{
    ChatRequest, Part,
    chat::{Detail, Media, MediaType, Source},
};

use super::{
    super::{
        Subject,
        carried::{carries, carries_in_order},
        list::{List, Outcome, ensure},
        probe::{baseline, send, shown},
    },
    messages::carried_or_warned,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let talks = subject.talks();
    let images = talks.clone().and_then(|()| subject.needs("image_in"));
    list.add_if(
        &images,
        "the_bytes_of_an_image_arrive",
        |subject| async move { bytes(&subject).await },
    );
    list.add_if(
        &images,
        "the_address_of_an_image_arrives",
        |subject| async move { address(&subject).await },
    );
    list.add_if(
        &images,
        "several_images_arrive_in_their_order",
        |subject| async move {
            let parts = [
                Part::text("first-words"),
                Part::image("image/png", "the image"),
                Part::text("between-them"),
                Part::image("image/jpeg", "another image"),
            ];
            let request = with(&subject, "image_in", parts)?;
            let sent = send(&subject, request).await?;
            let order = [
                "first-words",
                "dGhlIGltYWdl",
                "between-them",
                "YW5vdGhlciBpbWFnZQ==",
            ];
            ensure(carries_in_order(&sent.request, &order), || {
                format!(
                    "texts and images are to arrive in the order of the parts. Sent: {}",
                    shown(&sent.request)
                )
            })
        },
    );
    list.add_if(
        &images,
        "how_closely_to_look_arrives_or_is_warned_of",
        |subject| async move {
            let image = || Media::new("image/png", Source::Bytes("the image".into()));
            let base = with(&subject, "image_in", [Part::new(image())])?;
            let closely = Part::new(image().detail(Detail::High));
            let closely = with(&subject, "image_in", [closely])?;
            carried_or_warned(&subject, base, closely, "`detail` of an image").await
        },
    );
    for (flag, kind) in [
        ("image_in", "image/png"),
        ("audio_in", "audio/wav"),
        ("video_in", "video/mp4"),
        ("document_in", "application/pdf"),
    ] {
        list.add_if(
            &talks,
            &format!("{flag}_of_every_source_arrives_or_is_warned_of"),
            move |subject| async move { sources(&subject, flag, kind).await },
        );
    }
}

fn with(subject: &Subject, flag: &str, parts: impl Into<Vec<Part>>) -> Outcome<ChatRequest> {
    let mut request = baseline(subject)?.model(subject.model_for(flag)?);
    if let Some(message) = request.messages.last_mut() {
        message.parts.extend(parts.into());
    }
    Ok(request)
}

async fn bytes(subject: &Subject) -> Outcome {
    let request = with(subject, "image_in", [Part::image("image/png", "the image")])?;
    let sent = send(subject, request).await?;
    ensure(
        carries(&sent.request, "dGhlIGltYWdl") && carries(&sent.request, "image/png"),
        || {
            format!(
                "an image is to arrive as base64, with its media type. Sent: {}",
                shown(&sent.request)
            )
        },
    )
}

async fn address(subject: &Subject) -> Outcome {
    const URL: &str = "https://example.com/a%20cat.png?size=2&of=3";
    let base = send(subject, with(subject, "image_in", [])?).await?;
    let request = with(subject, "image_in", [Part::image_url(URL)])?;
    let sent = send(subject, request).await?;
    let arrives = carries(&sent.request, URL);
    ensure(arrives || sent.is_warned_of(&base), || {
        format!(
            "the address of an image is to arrive as it is, or to be warned of by a name. Sent: {}",
            shown(&sent.request)
        )
    })
}

/// Bytes, an address, a file that the provider has, and text.
async fn sources(subject: &Subject, flag: &str, kind: &'static str) -> Outcome {
    let file = |provider: &str| Source::File([(provider.into(), "file-1".to_owned())].into());
    for source in [
        Source::Bytes("the bytes".into()),
        Source::Url("https://example.com/it".to_owned()),
        Source::Text("the text".to_owned()),
        file(subject.def.id),
        file("elsewhere"),
    ] {
        let what = format!("{kind} as {source:?}");
        let base = with(subject, flag, [])?;
        let part = Part::new(Media::new(MediaType::from(kind), source));
        carried_or_warned(subject, base, with(subject, flag, [part])?, &what).await?;
    }
    Ok(())
}

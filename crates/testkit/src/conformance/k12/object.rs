//! Objects: what is got is read as it comes.

use std::sync::Arc;

use trunkline_core::{
    ErrorKind, ObjectRequest, Op,
    object::{Get, ObjectAction, ObjectOutcome, Put},
};

use super::{
    super::{
        Subject,
        list::{List, Outcome, ensure},
        probe::{shown, told},
    },
    answered, asked, asking, hostile, wrong_key,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let object = subject.needs("object");
    list.add_if(&object, "an_object_is_got_as_it_is", |subject| async move {
        content(&subject).await
    });
    list.add_if(
        &object,
        "a_part_of_an_object_is_asked_for_by_its_bytes",
        |subject| async move { range(&subject).await },
    );
    list.add_if(
        &object,
        "what_is_put_arrives_as_it_is",
        |subject| async move { put(&subject).await },
    );
    list.add_if(
        &object,
        "keys_of_all_characters_stay_in_their_bucket",
        |subject| async move { keys(&subject).await },
    );
    list.add_if(
        &object,
        "a_wrong_key_fails_a_store_as_it_fails_a_call",
        |subject| async move { wrong_key(&subject, "object").await },
    );
    list.add_if(
        &object,
        "no_body_makes_a_store_panic",
        |subject| async move { hostile(&subject, "object").await },
    );
}

fn op(bucket: &str, action: impl Into<ObjectAction>) -> Op {
    Op::Object(Arc::new(ObjectRequest::new(bucket, action)))
}

fn get(key: &str) -> Get {
    let mut get = Get::default();
    key.clone_into(&mut get.key);
    get
}

async fn content(subject: &Subject) -> Outcome {
    let case = asking(subject, "object")?;
    let (answer, _) = answered(subject, &case, op("bucket", get("key"))).await?;
    let answer = answer.into_object().map_err(|error| told(&error))?;
    let ObjectOutcome::Content(info, body) = answer.outcome else {
        return Err("to get an object is to give its content".to_owned());
    };
    let body = body
        .collect(1 << 20)
        .await
        .map_err(|error| error.to_string())?;
    ensure(!body.is_empty() && body == case.body, || {
        format!(
            "{} bytes were sent, and {} read, or others",
            case.body.len(),
            body.len()
        )
    })?;
    ensure(
        info.size.is_none_or(|size| size == body.len() as u64),
        || {
            format!(
                "the object has {:?} bytes, and {} came",
                info.size,
                body.len()
            )
        },
    )
}

async fn range(subject: &Subject) -> Outcome {
    let case = asking(subject, "object")?;
    let mut get = get("key");
    get.range = Some(5..10);
    let (_, sent) = asked(subject, &case, op("bucket", get)).await?;
    let sent = sent.ok_or("nothing was sent")?;
    let range = sent.header("range");
    ensure(range == Some("bytes=5-9"), || {
        format!("the range 5..10 is `bytes=5-9`. Sent: {}", shown(&sent))
    })
}

async fn put(subject: &Subject) -> Outcome {
    let case = asking(subject, "object")?;
    let mut put = Put::default();
    "key".clone_into(&mut put.key);
    put.content = bytes::Bytes::from_static(b"\x00\xff what is put \r\n");
    let content = put.content.clone();
    let (_, sent) = asked(subject, &case, op("bucket", put)).await?;
    let sent = sent.ok_or("nothing was sent")?;
    ensure(sent.body == content, || {
        format!("the content is to arrive as it is. Sent: {}", shown(&sent))
    })
}

/// A key may have any characters, and none of them leads elsewhere.
async fn keys(subject: &Subject) -> Outcome {
    let case = asking(subject, "object")?;
    for key in [
        "a b+c",
        "é/漢字",
        "x?y=1#z",
        "a/../../b",
        "%2e%2e/c",
        "a//b",
        "..",
    ] {
        let (answer, sent) = asked(subject, &case, op("bucket", get(key))).await?;
        let Some(sent) = sent else {
            match answer {
                Err(error) if error.kind() == ErrorKind::InvalidRequest => continue,
                _ => return Err(format!("the key {key:?} was not sent, and not refused")),
            }
        };
        let path = sent.path.split('?').next().unwrap_or_default();
        let is_in = path.starts_with(&format!("{}/bucket/", subject.base_path));
        let climbs = path.split('/').any(|part| part == "..");
        ensure(is_in && !climbs && !path.contains('#'), || {
            format!("the key {key:?} is sent as {path}")
        })?;
    }
    Ok(())
}

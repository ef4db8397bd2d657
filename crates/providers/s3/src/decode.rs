//! Answers.

use http::{StatusCode, response::Parts};
use trunkline_core::{
    Body, Error, Result,
    object::{Listing, ObjectAction, ObjectInfo, ObjectOutcome, ObjectReply, UploadedPart},
};

use crate::{error, info, xml::Element};

/// What came of an action. Of content only the head is looked at.
pub(crate) fn reply(action: &ObjectAction, head: &Parts, body: &[u8]) -> Result<ObjectReply> {
    let outcome = match action {
        ObjectAction::Get(get) => {
            let info = info::of_head(&get.key, &head.headers);
            let some = get.range.is_some();
            if some != (head.status == StatusCode::PARTIAL_CONTENT) || some != info.range.is_some()
            {
                return Err(Error::decode(match some {
                    true => "some of the object was asked for, and the store sends all of it",
                    false => "the object was asked for, and the store sends some of it",
                }));
            }
            ObjectOutcome::Content(info, Body::empty())
        }
        ObjectAction::Head(asked) => ObjectOutcome::Info(info::of_head(&asked.key, &head.headers)),
        ObjectAction::Put(put) => {
            let mut info = written(&put.key, head);
            info.size = Some(put.content.len() as u64);
            ObjectOutcome::Info(info)
        }
        ObjectAction::Part(part) => {
            let info = written(&part.key, head);
            let Some(etag) = info.etag else {
                return Err(Error::decode(
                    "the store took a part and gave no mark of it",
                ));
            };
            // Where the store says none, it was sent one all the same.
            let crc32 = info.crc32.or(part.crc32);
            ObjectOutcome::Part(UploadedPart::new(part.number, etag).crc32(crc32))
        }
        ObjectAction::Copy(copy) => ObjectOutcome::Info(done(&copy.key, "CopyObjectResult", body)?),
        ObjectAction::Complete(complete) => {
            let name = "CompleteMultipartUploadResult";
            ObjectOutcome::Info(done(&complete.key, name, body)?)
        }
        ObjectAction::Begin(_) => {
            let root = document(body, "InitiateMultipartUploadResult")?;
            let id = root.text_of("UploadId");
            let id = id.ok_or_else(|| Error::decode("an upload began, and has no id"))?;
            ObjectOutcome::Upload(id.to_owned())
        }
        ObjectAction::List(_) => ObjectOutcome::Listing(listing(body)?),
        _ => ObjectOutcome::Done,
    };
    Ok(ObjectReply::new(outcome))
}

/// The document, if it is what was asked for: under a status that says success, an error may come.
fn document(body: &[u8], name: &str) -> Result<Element> {
    let root = Element::read(body)?;
    match &*root.name {
        "Error" => Err(error::in_success(&root)),
        found if found == name => Ok(root),
        _ => Err(Error::decode(format!(
            "the answer is no `{name}`; is the base URL that of a store?"
        ))),
    }
}

/// The length and the type in the head of an answer to a write are those of its own body.
fn written(key: &str, head: &Parts) -> ObjectInfo {
    let mut info = info::of_head(key, &head.headers);
    info.size = None;
    info.content_type = None;
    info
}

fn done(key: &str, name: &str, body: &[u8]) -> Result<ObjectInfo> {
    document(body, name).map(|root| info::of_element(key, &root))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
fn listing(body: &[u8]) -> Result<Listing> {
    let root = document(body, "ListBucketResult")?;
    let mut listing = Listing::default();
    for child in &root.children {
        match &*child.name {
            "Contents" => {
                let key = child
                    .text_of("Key")
                    .ok_or_else(|| Error::decode("an object in the list has no key"))?;
                listing.objects.push(info::of_element(key, child));
            }
            "CommonPrefixes" => {
                let prefix = child.text_of("Prefix").map(str::to_owned);
                listing.prefixes.extend(prefix);
            }
            _ => {}
        }
    }
    if root.text_of("IsTruncated") == Some("true") {
        let next = root.text_of("NextContinuationToken");
        let next = next
            .ok_or_else(|| Error::decode("the list goes on, and the store does not say where"))?;
        listing.next = Some(next.to_owned());
    }
    Ok(listing)
}

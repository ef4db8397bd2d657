//! Objects: put, got back, listed, in parts, and by an address.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use trunkline_core::{
    Body, Call, Error, ErrorKind, Op, Result,
    object::{
        Abort, Begin, Complete, CopyFrom, Delete, Get, Head, List, ObjectAction, ObjectInfo,
        ObjectOutcome, ObjectRequest, Part, Presign, Put, UploadedPart,
    },
};

use super::{Checked, failed, must, must_be};
use crate::servers::{conversation::BUCKETS, row::Subject};

const BUCKET: &str = BUCKETS[0];
/// A key that every layer would like to change.
const KEY: &str = "a/b c+é%20/ü~*'(){}[]&=@:,;$!#?.txt";
/// The least that a part may have, the last excepted.
const PART: usize = 5 << 20;

/// Does something in a bucket.
pub(crate) async fn act(
    subject: &Subject,
    bucket: &str,
    action: impl Into<ObjectAction>,
) -> Result<ObjectOutcome> {
    let request = ObjectRequest::new(bucket, action);
    let call = Call::new(Op::Object(Arc::new(request)));
    let reply = subject.backend()?.call(call).await?.into_object()?;
    Ok(reply.outcome)
}

/// Reads what was got, whole.
async fn read(outcome: ObjectOutcome) -> Result<(ObjectInfo, Bytes), String> {
    match outcome {
        ObjectOutcome::Content(info, body) => {
            let content = body.collect(64 << 20).await;
            Ok((info, content.map_err(|error| error.to_string())?))
        }
        other => Err(format!("no content came but {other:?}")),
    }
}

async fn put(subject: &Subject, key: &str, content: &'static [u8]) -> Checked {
    let mut put = Put::default();
    put.key = key.to_owned();
    put.content = Bytes::from_static(content);
    put.content_type = Some("text/plain".to_owned());
    put.metadata = [("author".to_owned(), "an otter".to_owned())].into();
    let done = act(subject, BUCKET, put).await.map_err(failed)?;
    must(
        !matches!(done, ObjectOutcome::Content(..) | ObjectOutcome::Listing(_)),
        format_args!("it was answered by {done:?}"),
    )
}

async fn get(subject: &Subject, key: &str) -> Result<(ObjectInfo, Bytes), String> {
    let mut get = Get::default();
    get.key = key.to_owned();
    read(act(subject, BUCKET, get).await.map_err(failed)?).await
}

/// Put, asked about, got, copied, and removed.
pub(super) async fn whole(subject: &Subject) -> Checked {
    let content = b"Otters hold hands.";
    put(subject, KEY, content).await?;
    let mut head = Head::default();
    head.key = KEY.to_owned();
    let told = act(subject, BUCKET, head).await.map_err(failed)?;
    let ObjectOutcome::Info(info) = told else {
        return Err(format!("it tells {told:?}"));
    };
    let (got, came) = get(subject, KEY).await?;
    must(came == content[..], format_args!("its content is {came:?}"))?;
    for info in [&info, &got] {
        let author = info.metadata.get("author").map(String::as_str);
        must(
            info.size == Some(content.len() as u64)
                && info.content_type.as_deref() == Some("text/plain")
                && author == Some("an otter")
                && info.etag.is_some(),
            format_args!("it tells {info:?}"),
        )?;
    }
    let mut copy = CopyFrom::default();
    (copy.from, copy.from_bucket, copy.key) = (KEY.into(), BUCKET.into(), "copies/ä b".into());
    act(subject, BUCKETS[1], copy).await.map_err(failed)?;
    let mut get_copy = Get::default();
    get_copy.key = "copies/ä b".into();
    let copied = act(subject, BUCKETS[1], get_copy).await.map_err(failed)?;
    must(read(copied).await?.1 == content[..], "the copy is another")?;
    let mut delete = Delete::default();
    delete.key = KEY.to_owned();
    act(subject, BUCKET, delete).await.map_err(failed)?;
    match get(subject, KEY).await {
        Ok(_) => Err("it is still there".to_owned()),
        Err(_) => Ok(()),
    }
}

/// A part of it, from the middle and at the end.
pub(super) async fn range(subject: &Subject) -> Checked {
    put(subject, "ranges", b"0123456789").await?;
    for (range, wanted) in [(3..6, &b"345"[..]), (8..100, b"89")] {
        let mut get = Get::default();
        (get.key, get.range) = ("ranges".to_owned(), Some(range.clone()));
        let (info, came) = read(act(subject, BUCKET, get).await.map_err(failed)?).await?;
        let told = range.start..range.end.min(10);
        must(
            came == wanted && info.range == Some(told) && info.size == Some(10),
            format_args!("{range:?} gives {came:?}, and {info:?}"),
        )?;
    }
    Ok(())
}

/// All keys over several pages, in order, and folders.
pub(super) async fn list(subject: &Subject) -> Checked {
    let keys = [
        "list/a",
        "list/b c",
        "list/d+é",
        "list/e/1",
        "list/e/2",
        "list/f&<>",
    ];
    for key in keys {
        put(subject, key, b"x").await?;
    }
    let (all, _) = pages(subject, None).await?;
    must(all == keys, format_args!("it lists {all:?}"))?;
    let (files, folders) = pages(subject, Some("/")).await?;
    let folders: BTreeSet<String> = folders.into_iter().collect();
    must(
        files == ["list/a", "list/b c", "list/d+é", "list/f&<>"]
            && folders.into_iter().eq(["list/e/".to_owned()]),
        format_args!("in folders it lists {files:?}"),
    )
}

async fn pages(
    subject: &Subject,
    delimiter: Option<&str>,
) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut keys, mut folders, mut page) = (Vec::new(), Vec::new(), None);
    for _ in 0..20 {
        let mut list = List::default();
        (list.prefix, list.limit, list.page) = ("list/".to_owned(), Some(2), page);
        list.delimiter = delimiter.map(str::to_owned);
        let ObjectOutcome::Listing(listing) = act(subject, BUCKET, list).await.map_err(failed)?
        else {
            return Err("it does not list".to_owned());
        };
        keys.extend(listing.objects.into_iter().map(|object| object.key));
        folders.extend(listing.prefixes);
        page = listing.next;
        if page.is_none() {
            return Ok((keys, folders));
        }
    }
    Err("the list has no end".to_owned())
}

/// In two parts, of which one is sent again; and an upload that is given up.
pub(super) async fn parts(subject: &Subject) -> Checked {
    let key = "parts/ä";
    let upload = begin(subject, key).await?;
    let first = Bytes::from(vec![b'a'; PART]);
    let mut sent = Vec::new();
    for (number, content) in [
        (1, Bytes::from_static(b"broken off")),
        (1, first.clone()),
        (2, Bytes::from_static(b"the end")),
    ] {
        let part = part(subject, key, &upload, number, content).await?;
        sent.retain(|earlier: &UploadedPart| earlier.number != number);
        sent.push(part);
    }
    let mut complete = Complete::default();
    (complete.key, complete.upload, complete.parts) = (key.to_owned(), upload, sent);
    act(subject, BUCKET, complete).await.map_err(failed)?;
    let (info, came) = get(subject, key).await?;
    let is_whole = came.strip_prefix(&first[..]) == Some(b"the end");
    must(
        is_whole && info.size == Some(came.len() as u64),
        format_args!("{} bytes came, and {info:?}", came.len()),
    )?;

    let upload = begin(subject, key).await?;
    let mut abort = Abort::default();
    (abort.key, abort.upload) = (key.to_owned(), upload.clone());
    act(subject, BUCKET, abort).await.map_err(failed)?;
    match part(subject, key, &upload, 1, Bytes::from_static(b"x")).await {
        Ok(_) => Err("an upload that was given up takes parts".to_owned()),
        Err(_) => Ok(()),
    }
}

async fn begin(subject: &Subject, key: &str) -> Result<String, String> {
    let mut begin = Begin::default();
    begin.key = key.to_owned();
    match act(subject, BUCKET, begin).await.map_err(failed)? {
        ObjectOutcome::Upload(id) => Ok(id),
        other => Err(format!("no upload began but {other:?}")),
    }
}

async fn part(
    subject: &Subject,
    key: &str,
    upload: &str,
    number: u32,
    content: Bytes,
) -> Result<UploadedPart, String> {
    let mut part = Part::default();
    (part.key, part.upload) = (key.to_owned(), upload.to_owned());
    (part.number, part.content) = (number, content);
    match act(subject, BUCKET, part).await.map_err(failed)? {
        ObjectOutcome::Part(part) => Ok(part),
        other => Err(format!("no part was taken but {other:?}")),
    }
}

/// Written and read by whoever has the address, and by nobody who has changed it.
pub(super) async fn presign(subject: &Subject) -> Checked {
    let written = address(subject, true).await?;
    must_answer(subject, "PUT", &written, 200, b"by address").await?;
    let (_, came) = get(subject, KEY).await?;
    must(came == b"by address"[..], format_args!("it has {came:?}"))?;
    let read = address(subject, false).await?;
    must_answer(subject, "GET", &read, 200, b"").await?;
    must_answer(subject, "GET", &read.replacen("lab", "other", 1), 403, b"").await
}

async fn address(subject: &Subject, put: bool) -> Result<String, String> {
    let mut presign = Presign::default();
    (presign.key, presign.put) = (KEY.to_owned(), put);
    presign.lasts = Duration::from_secs(60);
    match act(subject, BUCKET, presign).await.map_err(failed)? {
        ObjectOutcome::Url(url) => Ok(url.expose().to_owned()),
        other => Err(format!("no address but {other:?}")),
    }
}

/// Nothing of ours but the transport.
async fn must_answer(
    subject: &Subject,
    method: &str,
    url: &str,
    status: u16,
    content: &'static [u8],
) -> Checked {
    let request = http::Request::builder().method(method).uri(url);
    let request = request
        .body(Body::from(Bytes::from_static(content)))
        .map_err(|error| format!("{url}: {error}"))?;
    let answer = subject.client().send(request).await;
    let answer = answer.map_err(|error| error.to_string())?;
    must(
        answer.status() == status,
        format_args!("{method} is answered by {}: {url}", answer.status()),
    )
}

/// What is wrong, and what it is called.
pub(super) async fn errors(subject: &Subject) -> Checked {
    let mut nothing = Get::default();
    nothing.key = "nothing".to_owned();
    for bucket in [BUCKET, "no-such-bucket"] {
        let error = error_of(act(subject, bucket, nothing.clone()).await)?;
        must_be(ErrorKind::NotFound, &error)?;
        must(
            error.attempts().len() == 1,
            format_args!("{} attempts: {error}", error.attempts().len()),
        )?;
    }
    put(subject, "there", b"x").await?;
    let mut stranger = Get::default();
    (stranger.key, stranger.if_match) = ("there".to_owned(), Some("\"another\"".to_owned()));
    must_be(
        ErrorKind::Conflict,
        &error_of(act(subject, BUCKET, stranger).await)?,
    )
}

/// Signed with a secret that is not the key's.
pub(super) async fn bad_secret(subject: &Subject) -> Checked {
    let stranger =
        subject.with_setting("secret_access_key", "another-secret-0000000000000000000000");
    let mut get = Get::default();
    get.key = "there".to_owned();
    let error = error_of(act(&stranger, BUCKET, get).await)?;
    must_be(ErrorKind::Auth, &error)
}

fn error_of(answered: Result<ObjectOutcome>) -> Result<Error, String> {
    match answered {
        Ok(outcome) => Err(format!("it was answered: {outcome:?}")),
        Err(error) => Ok(error),
    }
}

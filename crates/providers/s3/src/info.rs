//! What is known of an object, out of the heads of answers and out of lists.

use std::{ops::Range, time::UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, header};
use serde_json::{Map, Value};
use trunkline_core::{Ext, Json, object::ObjectInfo};

use crate::{
    PROVIDER,
    encode::{CRC32, METADATA},
    xml::Element,
};

/// Headers that say something of an object and have no field of their own.
const OTHERS: [&str; 8] = [
    "x-amz-version-id",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-expiration",
    "x-amz-replication-status",
    "cache-control",
    "content-encoding",
    "content-disposition",
];

/// Of the head of an answer that is about one object.
pub(crate) fn of_head(key: &str, headers: &HeaderMap) -> ObjectInfo {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let mut info = ObjectInfo::new(key);
    info.etag = text(header::ETAG).map(str::to_owned);
    info.content_type = text(header::CONTENT_TYPE).map(str::to_owned);
    info.modified = text(header::LAST_MODIFIED).and_then(seconds_of_http);
    info.crc32 = text(CRC32).and_then(crc32);
    info.size = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if let Some((range, size)) = text(header::CONTENT_RANGE).and_then(range) {
        info.range = Some(range);
        info.size = size;
    }
    let mut others = Map::new();
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        let name = name.as_str();
        if let Some(own) = name.strip_prefix(METADATA) {
            info.metadata.insert(own.to_owned(), value.to_owned());
        } else if OTHERS.contains(&name) {
            others.insert(name.to_owned(), value.into());
        }
    }
    info.ext = ext(others);
    info
}

/// Of an element that is about one object: of a list, of a copy, of an object of parts.
pub(crate) fn of_element(key: &str, element: &Element) -> ObjectInfo {
    let mut info = ObjectInfo::new(key);
    info.etag = element.text_of("ETag").map(str::to_owned);
    info.size = element.text_of("Size").and_then(|size| size.parse().ok());
    info.modified = element.text_of("LastModified").and_then(seconds_of_iso);
    info.crc32 = element.text_of("ChecksumCRC32").and_then(crc32);
    let mut others = Map::new();
    if let Some(class) = element.text_of("StorageClass") {
        others.insert("x-amz-storage-class".to_owned(), class.into());
    }
    info.ext = ext(others);
    info
}

fn ext(others: Map<String, Value>) -> Ext {
    let mut ext = Ext::default();
    if let (false, Ok(json)) = (others.is_empty(), Json::of(&others)) {
        ext.insert(PROVIDER.id, json);
    }
    ext
}

/// The checksum of a whole. That of the parts' checksums is written with their number at its end, and
/// nobody can check it without knowing where they began.
pub(crate) fn crc32(text: &str) -> Option<u32> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// `bytes 0-9/100`, of which the last may be `*`.
fn range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse::<u64>().ok()?);
    let end = last.checked_add(1).filter(|end| *end > first)?;
    Some((first..end, size.parse().ok()))
}

fn seconds_of_http(date: &str) -> Option<u64> {
    let at = httpdate::parse_http_date(date).ok()?;
    at.duration_since(UNIX_EPOCH).ok().map(|at| at.as_secs())
}

/// `2026-05-04T03:02:01.000Z`.
fn seconds_of_iso(date: &str) -> Option<u64> {
    let (day, time) = date.split_once('T')?;
    let mut day = day.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (day.next()??, day.next()??, day.next()??);
    let time = time.split(['.', 'Z', '+']).next()?;
    let mut time = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let is_date = (1970..=9999).contains(&year) && (1..=12).contains(&month);
    let is_time = hour < 24 && minute < 60 && second <= 60;
    if !is_date || !is_time || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 by counting years from March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let seconds = (days - 719_468) * 86_400 + hour * 3_600 + minute * 60 + second;
    u64::try_from(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds_since_1970() {
        for (date, expected) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-05-04T03:02:01.123Z", Some(1_777_863_721)),
            ("2100-03-01T00:00:00.000Z", Some(4_107_542_400)),
            ("2026-13-04T03:02:01Z", None),
            ("2026-05-04", None),
            ("yesterday", None),
            ("-1-1-1T1:1:1", None),
        ] {
            assert_eq!(seconds_of_iso(date), expected, "{date}");
        }
        let date = "Mon, 04 May 2026 03:02:01 GMT";
        assert_eq!(seconds_of_http(date), Some(1_777_863_721));
    }

    #[test]
    fn ranges_are_read_or_there_is_none() {
        assert_eq!(range("bytes 5-9/100"), Some((5..10, Some(100))));
        assert_eq!(range("bytes 5-9/*"), Some((5..10, None)));
        for wrong in [
            "",
            "bytes */100",
            "bytes 9-5/10",
            "bytes 1-18446744073709551615/1",
        ] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_checksum_of_checksums_is_none_of_the_whole() {
        assert_eq!(crc32("y/Q5Jg=="), Some(0xcbf4_3926));
        assert_eq!(crc32("y/Q5Jg==-3"), None);
        assert_eq!(crc32("AAAAAAAAAAA="), None);
    }
}

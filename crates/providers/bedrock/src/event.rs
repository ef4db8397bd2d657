//! A message of an AWS event stream: lengths, headers, a payload, and two checksums.
//!
//! <https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>
//!
//! ```text
//! whole length | length of headers | CRC of both | headers | payload | CRC of all before it
//! ```
//!
//! Cutting the stream into messages is the transport's; this reads one of them. It borrows, copies
//! nothing, and leaves alone the headers that it has no use for.

use trunkline_core::{Error, Result};

/// What a message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// `event`, `exception` or `error`.
    pub(crate) kind: &'a str,
    /// The name of the event or exception, the code of the error.
    pub(crate) name: &'a str,
    /// The words of an error, which has no payload.
    pub(crate) text: &'a str,
    pub(crate) payload: &'a [u8],
}

/// Reads a message, and its checksums before all else.
pub(crate) fn read(message: &[u8]) -> Result<Message<'_>> {
    let (all, sum) = message.split_last_chunk().ok_or_else(broken)?;
    let (prelude, rest) = all.split_first_chunk::<8>().ok_or_else(broken)?;
    let (prelude_sum, rest) = rest.split_first_chunk().ok_or_else(broken)?;
    check(prelude, *prelude_sum)?;
    check(all, *sum)?;
    let [a, b, c, d, e, f, g, h] = *prelude;
    let (length, headers) = (
        u32::from_be_bytes([a, b, c, d]),
        u32::from_be_bytes([e, f, g, h]),
    );
    if usize::try_from(length) != Ok(message.len()) {
        return Err(broken());
    }
    let headers = usize::try_from(headers).map_err(|_| broken())?;
    let (mut headers, payload) = rest.split_at_checked(headers).ok_or_else(broken)?;
    let mut read = Message {
        payload,
        ..Message::default()
    };
    while !headers.is_empty() {
        let (name, value) = header(&mut headers).ok_or_else(broken)?;
        match name {
            b":message-type" => read.kind = value,
            b":event-type" | b":exception-type" | b":error-code" => read.name = value,
            b":error-message" => read.text = value,
            _ => {}
        }
    }
    Ok(read)
}

/// The next header, and its value if it is a text.
fn header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a str)> {
    const TEXT: u8 = 7;
    let length = *rest.split_off_first()?;
    let name = rest.split_off(..usize::from(length))?;
    let kind = *rest.split_off_first()?;
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        9 => 16,
        6 | TEXT => {
            let (length, after) = rest.split_first_chunk()?;
            *rest = after;
            usize::from(u16::from_be_bytes(*length))
        }
        _ => return None,
    };
    let value = rest.split_off(..length)?;
    let text = match kind {
        TEXT => std::str::from_utf8(value).ok()?,
        _ => "",
    };
    Some((name, text))
}

fn check(bytes: &[u8], sum: [u8; 4]) -> Result<()> {
    if crc32fast::hash(bytes) == u32::from_be_bytes(sum) {
        return Ok(());
    }
    Err(Error::decode(
        "the checksum of a message of the stream is wrong",
    ))
}

fn broken() -> Error {
    Error::decode("a message of the stream has another form than documented")
}

#[cfg(test)]
mod tests {
    use trunkline_testkit::fixture::message;

    use super::*;

    /// A message of any bytes, with checksums that are right.
    fn sealed(headers_length: usize, headers: &[u8], payload: &[u8]) -> Vec<u8> {
        let word = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
        let mut message = [
            word(16 + headers.len() + payload.len()),
            word(headers_length),
        ]
        .concat();
        message.extend(crc32fast::hash(&message).to_be_bytes());
        message.extend([headers, payload].concat());
        message.extend(crc32fast::hash(&message).to_be_bytes());
        message
    }

    #[test]
    fn a_message_is_read_whatever_other_headers_it_has() {
        let mut headers = b"\x0b:event-type\x07\0\x01a".to_vec();
        for (kind, value) in [
            (0, &[][..]),
            (2, &[7]),
            (3, &[0, 7]),
            (4, &[0; 4]),
            (5, &[0; 8]),
            (6, &[0, 3, 1, 2, 3]),
            (8, &[0; 8]),
            (9, &[0; 16]),
        ] {
            headers.extend([1, b'x', kind]);
            headers.extend(value);
        }
        headers.extend(b"\x0d:message-type\x07\0\x05event");
        let message = sealed(headers.len(), &headers, b"{}");
        let read = read(&message).unwrap();
        assert_eq!(
            (read.kind, read.name, read.payload),
            ("event", "a", &b"{}"[..])
        );
    }

    #[test]
    fn no_byte_can_be_changed_and_no_length_is_believed() {
        let message = message([(":event-type", "messageStop")], "{}");
        assert!(read(&message).is_ok());
        for at in 0..message.len() {
            let mut other = message.to_vec();
            other[at] ^= 1;
            assert!(read(&other).is_err(), "byte {at} was changed");
            assert!(read(&message[..at]).is_err(), "cut after {at} bytes");
        }
        // A length of headers beyond the message, with checksums that are right.
        assert!(read(&sealed(1_000, &[], b"{}")).is_err());
        for headers in [
            &[200, b'x'][..],
            &[1, b'x'],
            &[1, b'x', 99],
            &[1, b'x', 7, 0, 9, b'y'],
            // Text that is none.
            &[1, b'x', 7, 0, 1, 0xff],
        ] {
            assert!(
                read(&sealed(headers.len(), headers, b"")).is_err(),
                "{headers:?}"
            );
        }
    }
}

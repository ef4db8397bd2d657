//! AWS event streams, as Bedrock sends them: messages with lengths and checksums around them.
//!
//! Written by the book and not by the decoder that is tested with it.
//!
//! <https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>

/// A stream, of a line for each message: its name, a blank, its payload.
///
/// ```
/// let stream = trunkline_testkit::eventstream::stream(
///     "messageStart {\"role\":\"assistant\"}\nthrottlingException {\"message\":\"Too fast.\"}\n",
/// );
/// assert_eq!(stream.len(), 117 + 134);
/// ```
pub fn stream(lines: &str) -> Vec<u8> {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    let messages = lines.map(|line| {
        let (name, payload) = line.split_once(' ').unwrap_or((line, ""));
        message(name, payload.as_bytes())
    });
    messages.collect::<Vec<_>>().concat()
}

/// A message with this payload of JSON: an exception if its name ends so, else an event.
pub fn message(name: &str, payload: &[u8]) -> Vec<u8> {
    let (kind, named) = match name.ends_with("Exception") {
        true => ("exception", ":exception-type"),
        false => ("event", ":event-type"),
    };
    let headers = [
        (named, name),
        (":content-type", "application/json"),
        (":message-type", kind),
    ];
    sealed(&self::headers(headers), payload)
}

/// Headers that are texts.
pub fn headers<const N: usize>(headers: [(&str, &str); N]) -> Vec<u8> {
    const TEXT: u8 = 7;
    let mut bytes = Vec::new();
    for (name, value) in headers {
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(TEXT);
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes
}

/// A message of headers as bytes and a payload.
pub fn sealed(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    sealed_as(length(headers.len()), headers, payload)
}

/// The same with another length of the headers than they have.
pub fn sealed_as(headers_length: u32, headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let whole = length(headers.len() + payload.len() + 16);
    let mut message = whole.to_be_bytes().to_vec();
    message.extend_from_slice(&headers_length.to_be_bytes());
    message.extend_from_slice(&crc32(&message).to_be_bytes());
    message.extend_from_slice(headers);
    message.extend_from_slice(payload);
    message.extend_from_slice(&crc32(&message).to_be_bytes());
    message
}

/// The messages of a stream, whole ones first; what is left over is the last.
pub(crate) fn split(stream: &bytes::Bytes) -> Vec<bytes::Bytes> {
    let (mut rest, mut messages) = (stream.clone(), Vec::new());
    while let Some((length, _)) = rest.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length < 16 || length > rest.len() {
            break;
        }
        messages.push(rest.split_to(length));
    }
    if !rest.is_empty() {
        messages.push(rest);
    }
    messages
}

/// The name and the payload of a message that this module made.
pub(crate) fn parts(message: &[u8]) -> Option<(&str, &[u8])> {
    let (_, rest) = message.split_at_checked(4)?;
    let (headers, rest) = rest.split_first_chunk()?;
    let headers = usize::try_from(u32::from_be_bytes(*headers)).ok()?;
    let (_, rest) = rest.split_at_checked(4)?;
    let (headers, rest) = rest.split_at_checked(headers)?;
    let payload = rest.get(..rest.len().checked_sub(4)?)?;
    // The first header's value is the name.
    let (name, rest) = headers.split_first()?;
    let (_, rest) = rest.split_at_checked(usize::from(*name) + 1)?;
    let (length, rest) = rest.split_first_chunk()?;
    let name = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(name).ok()?, payload))
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Bit by bit: slow, and easily compared with its definition.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = crc & 1 == 1;
            crc >>= 1;
            if odd {
                crc ^= 0xEDB8_8320;
            }
        }
    }
    !crc
}

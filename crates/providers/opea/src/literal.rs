//! Python's literals of bytes, as OPEA's gateways write them: `b'It\'s \xe2\x80\x99'`.
//!
//! The gateways send `repr(text.encode("utf-8"))`: `align_generator` in
//! <https://github.com/opea-project/GenAIExamples/blob/main/ChatQnA/chatqna.py>. One place sends words
//! between the quotation marks as they are, whatever is in them: `fake_stream` in
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/mega/orchestrator.py>. So what is
//! no escape is taken as it stands, and so is a literal without its end.
//!
//! What escapes mean: <https://docs.python.org/3/reference/lexical_analysis.html#escape-sequences>.

/// Whether it begins as a literal of bytes does.
pub(crate) fn begins(data: &[u8]) -> bool {
    matches!(data, [b'b', b'\'' | b'"', ..])
}

/// The bytes that a literal stands for.
pub(crate) fn bytes(literal: &[u8]) -> Vec<u8> {
    let [_, quote, inside @ ..] = literal else {
        return Vec::new();
    };
    // A quotation mark after a backslash is one of the words, and the literal was cut behind it.
    let (mut rest, is_whole) = match inside {
        [inside @ .., last] if last == quote && slashes(inside).is_multiple_of(2) => (inside, true),
        inside => (inside, false),
    };
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let Some((byte, after)) = escape(rest) else {
            if !is_whole && matches!(rest, [] | [b'x'] | [b'x', _]) {
                // An escape that was cut stands for nothing yet.
                break;
            }
            bytes.push(b'\\');
            continue;
        };
        bytes.extend(byte);
        rest = after;
    }
    bytes
}

/// How many backslashes are at the end.
fn slashes(text: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| **byte == b'\\').count()
}

/// The byte that an escape stands for, after its backslash, and what follows it.
fn escape(rest: &[u8]) -> Option<(Option<u8>, &[u8])> {
    let [kind, after @ ..] = rest else {
        return None;
    };
    let byte = match kind {
        b'\\' | b'\'' | b'"' => *kind,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'v' => 0x0b,
        b'x' => {
            let [high, low, after @ ..] = after else {
                return None;
            };
            let byte = digit(*high, 16)? * 16 + digit(*low, 16)?;
            return Some((u8::try_from(byte).ok(), after));
        }
        // A line that goes on.
        b'\n' => return Some((None, after)),
        b'0'..=b'7' => return Some(octal(rest)),
        _ => return None,
    };
    Some((Some(byte), after))
}

/// Up to three digits.
fn octal(mut rest: &[u8]) -> (Option<u8>, &[u8]) {
    let mut byte = 0;
    for _ in 0..3 {
        let [first, after @ ..] = rest else { break };
        let Some(digit) = digit(*first, 8) else { break };
        byte = byte * 8 + digit;
        rest = after;
    }
    // Three digits are more than a byte holds: Python keeps the lower eight bits.
    (u8::try_from(byte & 0xff).ok(), rest)
}

fn digit(byte: u8, radix: u32) -> Option<u32> {
    char::from(byte).to_digit(radix)
}

/// Bytes that become text as they come: of a character that is cut, the first part waits for the
/// other.
#[derive(Debug, Default)]
pub(crate) struct Utf8(Vec<u8>);

impl Utf8 {
    /// The text that these bytes complete. What can be no text is the replacement character.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let whole = self.0.len() - unfinished(&self.0);
        let rest = self.0.split_off(whole);
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0 = rest;
        text
    }

    /// What is left of a character that never ended.
    pub(crate) fn end(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.0)).into_owned()
    }
}

/// How many bytes at the end are the beginning of a character, and no more than that.
fn unfinished(bytes: &[u8]) -> usize {
    let is_begun = |length: &usize| {
        let tail = bytes
            .len()
            .checked_sub(*length)
            .and_then(|at| bytes.get(at..));
        let error = tail.and_then(|tail| std::str::from_utf8(tail).err());
        error.is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=3).rev().find(is_begun).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(literal: &str) -> String {
        String::from_utf8(bytes(literal.as_bytes())).unwrap()
    }

    #[test]
    fn what_python_writes_is_read() {
        for (literal, expected) in [
            (r"b'Hello'", "Hello"),
            (r"b''", ""),
            (r#"b"it's""#, "it's"),
            (r#"b'"it\'s"'"#, r#""it's""#),
            (r"b'a\nb\r\tc'", "a\nb\r\tc"),
            (r"b'\\n'", r"\n"),
            (r"b'\\'", r"\"),
            (r"b'\xe2\x80\x99'", "\u{2019}"),
            (r"b'\x00\x7f'", "\0\u{7f}"),
            (r"b'\xf0\x9f\xa6\xa6'", "\u{1f9a6}"),
        ] {
            assert_eq!(text(literal), expected, "{literal}");
        }
    }

    #[test]
    fn what_python_would_not_write_is_taken_as_it_stands() {
        for (literal, expected) in [
            ("b'it's no\u{eb}l'", "it's no\u{eb}l"),
            ("b'not ended", "not ended"),
            ("b'", ""),
            (r"b'C:\Users\xyz'", r"C:\Users\xyz"),
            (r"b'\x4'", r"\x4"),
            (r"b'\101\60\0\400!'", "A0\0\0!"),
            ("b'a\\\nb'", "ab"),
            (r"b'cut\", "cut"),
            (r"b'cut\xe", "cut"),
            (r"b'it isn\'", "it isn'"),
            (r#"b'a""#, "a\""),
        ] {
            assert_eq!(text(literal), expected, "{literal}");
        }
    }

    #[test]
    fn a_character_may_be_cut_anywhere() {
        let words = "a\u{e9}\u{20ac}\u{1f9a6}z";
        for cuts in 0..1_u32 << (words.len() - 1) {
            let (mut utf8, mut text, mut piece) = (Utf8::default(), String::new(), Vec::new());
            for (at, byte) in words.bytes().enumerate() {
                piece.push(byte);
                if cuts >> at & 1 == 1 {
                    text += &utf8.push(&std::mem::take(&mut piece));
                }
            }
            text += &utf8.push(&piece);
            assert_eq!((text.as_str(), utf8.end().as_str()), (words, ""));
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_and_nothing_waits_for_ever() {
        let mut utf8 = Utf8::default();
        assert_eq!(utf8.push(b"a\xff"), "a\u{fffd}");
        assert_eq!(utf8.push(b"\xe2\x80"), "");
        assert_eq!(utf8.push(b"b"), "\u{fffd}b");
        assert_eq!(utf8.push(b"\xf0\x9f"), "");
        assert_eq!(utf8.end(), "\u{fffd}");
        assert_eq!(utf8.end(), "");
    }
}

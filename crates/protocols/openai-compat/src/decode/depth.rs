//! How deep an answer may be nested.

use trunkline_core::{Error, Limit, Result};

/// The deepest nesting, as serde_json has it.
const MAX_DEPTH: usize = 128;

/// serde_json skips what it does not keep at any depth; we refuse all that is too deep alike.
pub(crate) fn check_depth(text: &str) -> Result<()> {
    // Nearly all there is ends here: sums of bytes, which cannot overflow, fit a vector register.
    let opens = |bytes: &[u8]| -> u8 {
        let opens = |byte: &u8| u8::from(matches!(byte, b'[' | b'{'));
        bytes.iter().map(opens).sum()
    };
    let most: usize = text
        .as_bytes()
        .chunks(255)
        .map(opens)
        .map(usize::from)
        .sum();
    if most <= MAX_DEPTH {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
    }
    Ok(())
}

fn too_deep() -> Error {
    let what = "the answer is nested too deeply";
    Error::limit_exceeded(Limit::Depth, what)
}

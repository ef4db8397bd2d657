//! The elements of a tensor, read from JSON: flat, or nested as deep as they like.

use std::str::FromStr;

use trunkline_core::infer::{Bf16, DataType, Element, F16};

/// The bytes of the elements in `json`, which is a JSON value; `None` where one of them is none of
/// `kind`, or does not fit it. How many there are is for the tensor's shape to check.
pub(crate) fn bytes(kind: DataType, json: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for token in Tokens(json) {
        one(kind, token, &mut bytes)?;
    }
    Some(bytes)
}

fn one(kind: DataType, token: &str, to: &mut Vec<u8>) -> Option<()> {
    match kind {
        DataType::Bool => truth(token)?.write(to),
        DataType::Uint8 => u8::try_from(whole(token)?).ok()?.write(to),
        DataType::Uint16 => u16::try_from(whole(token)?).ok()?.write(to),
        DataType::Uint32 => u32::try_from(whole(token)?).ok()?.write(to),
        DataType::Uint64 => u64::try_from(whole(token)?).ok()?.write(to),
        DataType::Int8 => i8::try_from(whole(token)?).ok()?.write(to),
        DataType::Int16 => i16::try_from(whole(token)?).ok()?.write(to),
        DataType::Int32 => i32::try_from(whole(token)?).ok()?.write(to),
        DataType::Int64 => i64::try_from(whole(token)?).ok()?.write(to),
        DataType::Fp32 => real::<f32>(token)?.write(to),
        DataType::Fp64 => real::<f64>(token)?.write(to),
        DataType::Fp16 => F16::from_f32(real(token)?).write(to),
        DataType::Bf16 => Bf16::from_f32(real(token)?).write(to),
        DataType::Bytes => {
            let text: String = serde_json::from_str(token).ok()?;
            to.extend_from_slice(&u32::try_from(text.len()).ok()?.to_le_bytes());
            to.extend_from_slice(text.as_bytes());
        }
        // A type that core has and this crate has not heard of.
        _ => return None,
    }
    Some(())
}

fn truth(token: &str) -> Option<bool> {
    match token {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number; one with a point has to be one nevertheless.
fn whole(token: &str) -> Option<i128> {
    /// Below it every whole number has a double of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    token.parse().ok().or_else(|| {
        let number: f64 = token.parse().ok()?;
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i128)
    })
}

/// A number, read from its digits: the nearest there is. Those that JSON has no word for stand in
/// quotation marks, be it by the server or by [`repaired`](crate::repair::repaired); MLServer and
/// KServe's own server write `null` for each of them, which their own clients read as NaN as well.
fn real<F: FromStr + Into<f64> + Copy>(token: &str) -> Option<F> {
    match token {
        "null" => "NaN".parse().ok(),
        r#""NaN""# | r#""Infinity""# | r#""-Infinity""# => token.trim_matches('"').parse().ok(),
        // `inf` and its like are numbers to Rust and none to JSON; `1e999` is one to JSON, and too large.
        _ => {
            let number: F = token.parse().ok()?;
            number.into().is_finite().then_some(number)
        }
    }
}

/// What stands between brackets and commas.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        const BETWEEN: [char; 7] = ['[', ']', ',', ' ', '\n', '\r', '\t'];
        let rest = self.0.trim_start_matches(BETWEEN);
        let end = match rest.starts_with('"') {
            true => string(rest),
            false => rest.find(BETWEEN).unwrap_or(rest.len()),
        };
        let (token, rest) = rest.split_at_checked(end)?;
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }
}

/// How long the string is that `json` begins with, with its quotation marks.
pub(crate) fn string(json: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<E: Element>(json: &str) -> Option<Vec<E>> {
        let size = E::DATA_TYPE.size()?;
        let bytes = bytes(E::DATA_TYPE, json)?;
        Some(bytes.chunks_exact(size).filter_map(E::read).collect())
    }

    #[test]
    fn nested_or_flat_or_alone_it_is_the_same() {
        for json in [
            "[1,2,3,4]",
            "[[1,2],[3,4]]",
            " [ [ [1 ], [2]],\n[[3],[4\t]]] ",
        ] {
            assert_eq!(read::<i16>(json), Some(vec![1, 2, 3, 4]), "{json}");
        }
        assert_eq!(read::<i16>("7"), Some(vec![7]));
        assert_eq!(read::<i16>("[[],[]]"), Some(vec![]));
    }

    #[test]
    fn what_is_no_such_element_is_refused() {
        for json in [
            "[1,null]", "[300]", "[-1]", "[1.5]", "[true]", "[{}]", "[\"1\"]",
        ] {
            assert_eq!(read::<u8>(json), None, "{json}");
        }
        for json in ["[inf]", "[\"1\"]", "[true]", "[1e39]", "[nul]"] {
            assert_eq!(read::<f32>(json), None, "{json}");
        }
        assert_eq!(bytes(DataType::Bytes, "[1]"), None);
    }

    #[test]
    fn numbers_are_read_exactly() {
        assert_eq!(
            read::<u64>("[18446744073709551615, 1.0, 2e3]"),
            Some(vec![u64::MAX, 1, 2000])
        );
        assert_eq!(read::<i64>("[-9223372036854775808]"), Some(vec![i64::MIN]));
        // serde_json without `float_roundtrip` is one step off here.
        assert_eq!(
            read::<f64>("[5e-324, 1.7976931348623157e308]"),
            Some(vec![5e-324, f64::MAX])
        );
        let negative_zero = read::<f64>("[-0.0]").and_then(|all| all.first().map(|x| x.to_bits()));
        assert_eq!(negative_zero, Some((-0.0_f64).to_bits()));
        assert_eq!(
            read::<bool>("[true,0,1,false]"),
            Some(vec![true, false, true, false])
        );
    }

    #[test]
    fn a_float_that_the_server_has_no_word_for_is_no_number() {
        let read = read::<f32>("[null,[1.5]]").unwrap_or_default();
        assert!(matches!(*read, [none, 1.5] if none.is_nan()), "{read:?}");
        let halves = bytes(DataType::Fp16, "[null]").unwrap_or_default();
        assert_eq!(halves, [0x00, 0x7e]);
    }

    #[test]
    fn strings_hold_brackets_and_quotation_marks() {
        let read = bytes(DataType::Bytes, r#"["a],[\"", "\u00e9\\", ""]"#).unwrap_or_default();
        let expected = [
            &[5, 0, 0, 0][..],
            b"a],[\"",
            &[3, 0, 0, 0],
            "é\\".as_bytes(),
            &[0; 4],
        ];
        assert_eq!(read, expected.concat());
    }
}

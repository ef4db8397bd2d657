//! JSON as Triton writes it: with NaN and infinities that JSON has not.

use crate::numbers::string;

/// `json` with the numbers that it has no word for in quotation marks, where it is read again.
pub(crate) fn repaired(json: &str) -> String {
    const WORDS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];
    let mut repaired = String::with_capacity(json.len() + json.len() / 8);
    let mut rest = json;
    while let Some((before, from)) = rest
        .find(['"', 'N', 'I', '-'])
        .and_then(|at| rest.split_at_checked(at))
    {
        repaired.push_str(before);
        let word = WORDS.into_iter().find(|word| from.starts_with(word));
        let length = match word {
            Some(word) => {
                repaired.extend(["\"", word, "\""]);
                word.len()
            }
            None => {
                let length = if from.starts_with('"') {
                    string(from)
                } else {
                    1
                };
                repaired.push_str(from.get(..length).unwrap_or(from));
                length
            }
        };
        rest = from.get(length..).unwrap_or_default();
    }
    repaired.push_str(rest);
    repaired
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_outside_of_strings_is_touched() {
        let wrong = r#"{"NaN":"-Infinity \" NaN","data":[NaN,-Infinity,[Infinity],-1.5,-0.0]}"#;
        let right =
            r#"{"NaN":"-Infinity \" NaN","data":["NaN","-Infinity",["Infinity"],-1.5,-0.0]}"#;
        assert_eq!(repaired(wrong), right);
        assert_eq!(repaired(r#"["cut off"#), r#"["cut off"#);
        assert_eq!(repaired("[é,N]-"), "[é,N]-");
    }
}

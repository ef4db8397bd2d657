//! Thoughts inside the text, between `<think>` and `</think>`, in pieces of any size.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";
/// The most blanks before the tag: no answer that begins with more is held back for it.
const MAX_BLANKS: usize = 64;

/// Splits an answer into thoughts and words. Thoughts come first or not at all.
#[derive(Debug, Default)]
pub(super) struct Think {
    state: State,
    /// What may be the beginning of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Undecided,
    Thinking,
    Answering,
}

impl Think {
    /// Takes the next piece; gives the thoughts and the words in it.
    pub(super) fn push(&mut self, piece: String) -> (String, String) {
        match self.state {
            State::Answering => (String::new(), piece),
            State::Thinking => self.think(&piece),
            State::Undecided => {
                self.held.push_str(&piece);
                let begun = self.held.trim_start();
                let blanks = self.held.len() - begun.len();
                if let Some(thought) = begun.strip_prefix(OPEN).filter(|_| blanks <= MAX_BLANKS) {
                    self.state = State::Thinking;
                    let thought = thought.to_owned();
                    self.held.clear();
                    return self.think(&thought);
                }
                if OPEN.starts_with(begun) && blanks <= MAX_BLANKS {
                    return Default::default();
                }
                self.state = State::Answering;
                (String::new(), std::mem::take(&mut self.held))
            }
        }
    }

    /// What is held when the answer ends.
    pub(super) fn finish(&mut self) -> (String, String) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Thinking => (held, String::new()),
            _ => (String::new(), held),
        }
    }

    fn think(&mut self, piece: &str) -> (String, String) {
        self.held.push_str(piece);
        if let Some((thought, rest)) = self.held.split_once(CLOSE) {
            let split = (thought.to_owned(), rest.to_owned());
            self.state = State::Answering;
            self.held.clear();
            return split;
        }
        let keep = (1..CLOSE.len()).rev().find(|n| {
            CLOSE
                .get(..*n)
                .is_some_and(|begun| self.held.ends_with(begun))
        });
        let cut = self.held.len() - keep.unwrap_or(0);
        let held = self.held.split_off(cut);
        (std::mem::replace(&mut self.held, held), String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&str]) -> (String, String) {
        let mut think = Think::default();
        let mut all = (String::new(), String::new());
        let mut add = |(thought, rest): (String, String)| {
            all.0.push_str(&thought);
            all.1.push_str(&rest);
        };
        for piece in pieces {
            add(think.push((*piece).to_owned()));
        }
        add(think.finish());
        all
    }

    #[test]
    fn bug_36_a_tag_may_be_split_anywhere() {
        for text in [
            "<think>so </thi so</think>\n\nyes",
            "\n<think>a</think>b",
            "no <think>tag</think>",
            "<thin",
            "<think>cut</th",
            "",
            &format!("{}<think>far</think>", " ".repeat(MAX_BLANKS + 1)),
            &format!("{}<think>near</think>", " ".repeat(MAX_BLANKS)),
        ] {
            let whole = split(&[text]);
            for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                assert_eq!(
                    split(&[text.split_at(cut).0, text.split_at(cut).1]),
                    whole,
                    "{text:?} at {cut}"
                );
            }
            let letters: Vec<String> = text.chars().map(String::from).collect();
            assert_eq!(
                split(&letters.iter().map(String::as_str).collect::<Vec<_>>()),
                whole
            );
        }
        assert_eq!(
            split(&["<think>so </thi so</think>\n\nyes"]),
            ("so </thi so".into(), "\n\nyes".into())
        );
        assert_eq!(
            split(&["no <think>tag</think>"]),
            (String::new(), "no <think>tag</think>".into())
        );
        let (_, words) = Think::default().push(" ".repeat(MAX_BLANKS + 1));
        assert_eq!(words.len(), MAX_BLANKS + 1, "blanks are not held for ever");
    }
}

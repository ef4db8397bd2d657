//! What the command line left out, asked for in a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::{Protocol, Wanted, name};

/// Asks for what is missing; without a terminal, defaults and errors say the rest.
pub(super) fn complete(wanted: Wanted) -> Result<Wanted> {
    let missing = wanted.name.is_none() || wanted.base_url.is_none();
    if !missing || !io::stdin().is_terminal() {
        return Ok(wanted);
    }
    ask(wanted, &mut io::stdin().lock(), &mut io::stderr())
}

fn ask(mut wanted: Wanted, answers: &mut impl BufRead, out: &mut impl Write) -> Result<Wanted> {
    let mut asked = |question: &str, default: &str| question_of(question, default, answers, out);
    if wanted.name.is_none() {
        wanted.name = Some(asked("name, such as acme", "")?);
    }
    let name = wanted.name.clone().unwrap_or_default();
    name::check(&name)?;
    if wanted.protocol.is_none() {
        let answer = asked("protocol: openai-compat or native", "openai-compat")?;
        wanted.protocol = Some(Protocol::from_str(&answer, true).map_err(anyhow::Error::msg)?);
    }
    if wanted.base_url.is_none() {
        wanted.base_url = Some(asked("base URL", &format!("https://api.{name}.com/v1"))?);
    }
    if wanted.key_env.is_none() {
        let usual = format!("{}_API_KEY", name::screaming(&name));
        wanted.key_env = Some(asked("variable of the key", &usual)?);
    }
    if wanted.ops.is_none() {
        let answer = asked("operations, of chat, embed, models", "chat,models")?;
        wanted.ops = Some(answer.split(',').map(str::to_owned).collect());
    }
    Ok(wanted)
}

fn question_of(
    question: &str,
    default: &str,
    answers: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<String> {
    let usual = if default.is_empty() {
        String::new()
    } else {
        format!(" [{default}]")
    };
    write!(out, "{question}{usual}: ")?;
    out.flush()?;
    let mut answer = String::new();
    answers
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answers: &str, wanted: Wanted) -> (Wanted, String) {
        let mut out = Vec::new();
        let wanted = ask(wanted, &mut answers.as_bytes(), &mut out).unwrap();
        (wanted, String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_missing_is_asked_for_with_what_is_usual() {
        let (wanted, asked) = told("acme\n\n\n\nembed\n", Wanted::default());
        assert_eq!(wanted.protocol, Some(Protocol::OpenaiCompat));
        assert_eq!(wanted.base_url.as_deref(), Some("https://api.acme.com/v1"));
        assert_eq!(wanted.key_env.as_deref(), Some("ACME_API_KEY"));
        assert_eq!(wanted.ops, Some(vec!["embed".to_owned()]));
        assert!(
            asked.contains("variable of the key [ACME_API_KEY]: "),
            "{asked}"
        );
    }

    #[test]
    fn what_was_given_is_not_asked_for() {
        let given = Wanted {
            name: Some("acme".to_owned()),
            key_env: Some("ACME_KEY".to_owned()),
            ops: Some(vec!["chat".to_owned()]),
            protocol: Some(Protocol::Native),
            ..Wanted::default()
        };
        let (wanted, asked) = told("https://acme.dev/api\n", given);
        assert_eq!(wanted.base_url.as_deref(), Some("https://acme.dev/api"));
        assert_eq!(asked.matches(": ").count(), 1, "{asked}");
    }

    #[test]
    fn a_bad_name_is_refused_at_once() {
        let mut out = Vec::new();
        assert!(ask(Wanted::default(), &mut &b"../../x\n"[..], &mut out).is_err());
    }
}

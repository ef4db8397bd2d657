//! What a new backend shall be, checked: nothing unchecked reaches a file.

use anyhow::{Result, bail, ensure};

use super::{Protocol, Wanted, name};

/// An operation that a template has code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Op {
    Chat,
    Embed,
    Models,
}

impl Op {
    pub(super) const ALL: [Self; 3] = [Self::Chat, Self::Embed, Self::Models];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embed => "embed",
            Self::Models => "models",
        }
    }
}

/// What a new backend shall be.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) protocol: Protocol,
    pub(super) base_url: String,
    pub(super) key_env: String,
    pub(super) ops: Vec<Op>,
    pub(super) model: String,
    pub(super) title: String,
    pub(super) description: String,
}

impl Spec {
    pub(super) fn of(wanted: &Wanted) -> Result<Self> {
        let Some(name) = wanted.name.clone() else {
            bail!("no name; write `cargo xtask new-backend NAME`");
        };
        name::check(&name)?;
        let Some(base_url) = wanted.base_url.clone() else {
            bail!("no base URL; add `--base-url https://…`, where the API is");
        };
        check_url(&base_url)?;
        let key_env = wanted
            .key_env
            .clone()
            .unwrap_or_else(|| format!("{}_API_KEY", name::screaming(&name)));
        check_variable(&key_env)?;
        let model = wanted.model.clone().unwrap_or_else(|| format!("{name}-1"));
        check_model(&model)?;
        let title = wanted.title.clone().unwrap_or_else(|| name::camel(&name));
        check_title(&title)?;
        let description = wanted
            .description
            .clone()
            .unwrap_or_else(|| format!("{title} for Trunkline"));
        check_line("description", &description, 200)?;
        Ok(Self {
            protocol: wanted.protocol.unwrap_or_default(),
            ops: ops(wanted.ops.as_deref())?,
            base_url: base_url.trim_end_matches('/').to_owned(),
            name,
            key_env,
            model,
            title,
            description,
        })
    }

    pub(super) fn package(&self) -> String {
        format!("trunkline-{}", self.name)
    }

    /// The account's type: the name in capitals, or as the title has them: `DeepSeek`.
    pub(super) fn type_name(&self) -> String {
        let camel = name::camel(&self.name);
        let title = self.title.replace([' ', '-'], "");
        let fits = title.eq_ignore_ascii_case(&camel) && title.starts_with(char::is_uppercase);
        if fits { title } else { camel }
    }

    pub(super) fn folder(&self) -> String {
        format!("crates/providers/{}", self.name)
    }

    pub(super) fn has(&self, op: Op) -> bool {
        self.ops.contains(&op)
    }

    /// The prefix of all its variables: that of the key's, where this has the usual ending.
    pub(super) fn env(&self) -> String {
        match self.key_env.strip_suffix("_API_KEY") {
            Some(prefix) => prefix.to_owned(),
            None => name::screaming(&self.name),
        }
    }

    /// The key's variable, where its provider named it in another way.
    pub(super) fn own_key_env(&self) -> Option<&str> {
        (!self.key_env.ends_with("_API_KEY")).then_some(self.key_env.as_str())
    }

    /// The path of the base URL: `/v1`.
    pub(super) fn base_path(&self) -> &str {
        let rest = self.base_url.split("://").nth(1).unwrap_or_default();
        rest.find('/')
            .and_then(|at| rest.get(at..))
            .unwrap_or_default()
    }
}

fn ops(wanted: Option<&[String]>) -> Result<Vec<Op>> {
    let Some(wanted) = wanted else {
        return Ok(vec![Op::Chat, Op::Models]);
    };
    let mut ops = Vec::new();
    for word in wanted {
        let word = word.trim();
        match Op::ALL.into_iter().find(|op| op.as_str() == word) {
            Some(op) => ops.push(op),
            // Every chat streams, and every backend takes raw requests.
            None if word == "stream" => ops.push(Op::Chat),
            None if word == "raw" => {}
            None => bail!(
                "there is no template for the operation \"{}\"; there are chat, embed, models",
                word.escape_debug()
            ),
        }
    }
    ops.sort_unstable();
    ops.dedup();
    ensure!(
        ops.contains(&Op::Chat) || ops.contains(&Op::Embed),
        "a backend can at least chat or embed; write `--ops chat` or `--ops embed`"
    );
    Ok(ops)
}

fn check_url(url: &str) -> Result<()> {
    let Some((scheme, rest)) = url.split_once("://") else {
        bail!("the base URL has no scheme; write `https://…`");
    };
    let host = rest.split('/').next().unwrap_or_default();
    let is_local = ["localhost", "127.0.0.1"].contains(&host.split(':').next().unwrap_or_default());
    ensure!(
        scheme == "https" || (scheme == "http" && is_local),
        "the base URL begins with https://, or with http:// for a server on this machine: a key goes there"
    );
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    ensure!(
        !host.is_empty() && rest.bytes().all(usual) && url.len() <= 200,
        "the base URL is scheme, host and path, of letters, digits and - . _ : / alone; no query, no user, no blank"
    );
    Ok(())
}

fn check_variable(variable: &str) -> Result<()> {
    let usual = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    ensure!(
        variable.starts_with(|first: char| first.is_ascii_uppercase())
            && variable.bytes().all(usual)
            && (4..=60).contains(&variable.len()),
        "the key's variable is of A–Z, 0–9 and _ alone and begins with a letter: `ACME_API_KEY`"
    );
    Ok(())
}

fn check_model(model: &str) -> Result<()> {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/@".contains(&byte);
    ensure!(
        (1..=100).contains(&model.len()) && model.bytes().all(usual),
        "the model's name is of letters, digits and - . _ : / @ alone"
    );
    Ok(())
}

/// It stands in prose, where markup would be taken as such.
fn check_title(title: &str) -> Result<()> {
    let usual = |char: char| char.is_alphanumeric() || " -.&+".contains(char);
    ensure!(
        (1..=40).contains(&title.chars().count())
            && title.chars().all(usual)
            && title.trim() == title,
        "the title is of letters, digits, blanks and - . & + alone, and has at most 40 characters"
    );
    Ok(())
}

fn check_line(what: &str, text: &str, longest: usize) -> Result<()> {
    ensure!(
        (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control),
        "the {what} is one line of at most {longest} characters"
    );
    Ok(())
}

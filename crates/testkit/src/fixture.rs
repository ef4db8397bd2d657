//! What a provider's wire looks like, case by case, in files: call in, request out, response in,
//! reply out.
//!
//! A case is a folder. Its author writes what goes in:
//!
//! | File | What it is |
//! |---|---|
//! | `call.json` | the call: an [`Op`](trunkline_core::Op) in its serde form, `{"type":"chat","messages":[…]}` |
//! | `response.json`, `.sse`, `.ndjson`, `.html`, `.txt` | the body that the server answers with; the ending says its type |
//! | `response.eventstream.jsonl` | a body of Amazon's binary messages, one a line: `{"headers":{":event-type":"…"},"payload":{…}}` |
//! | `response.eventstream.b64` | the same as it was recorded, in base64 |
//! | `head.json` | if it is not a plain 200: `{"status":429,"headers":{"retry-after":"2"}}` |
//!
//! and the test writes, and from then on compares, what comes out:
//!
//! | File | What it is |
//! |---|---|
//! | `request.json` | what was sent: method, path, the headers that matter, body |
//! | `expect.json` | the reply in its serde form, or `{"error":{"kind":…}}` with all that the error says |
//! | `chunks.jsonl` | of a stream: its chunks, one a line |
//!
//! `UPDATE_FIXTURES=1 cargo test` writes them anew, to be read before they are committed; with `CI`
//! set it refuses. Texts are compared, not values: the order of keys and the digits of numbers
//! count.
//!
//! Streams are checked further: they obey the [`Laws`](trunkline_core::stream::Laws), they give the
//! same chunks when they arrive three bytes at a time, and, where `head.json` says
//! `"same_answer_as": "chat"`, they fold into the very answer of that case.
//!
//! The response is served over a real connection, so that a case goes through all that a program's
//! call goes through: transport, framing, limits, headers.
//!
//! ```
//! use trunkline_core::HttpClient;
//! use trunkline_testkit::fixture;
//! # use trunkline_core::{Backend, Result};
//! # struct Groq;
//! # impl Groq {
//! #     fn with(_: &str, _: String, _: HttpClient) -> Result<Self> { Ok(Self) }
//! #     fn bare(&self) -> Backend { trunkline_testkit::MockBackend::new().into() }
//! # }
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! # if !std::path::Path::new("fixtures").exists() { return }
//! fixture::check_all(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"), |url| {
//!     let account = Groq::with("test-key", format!("{url}/openai/v1"), HttpClient::shared())?;
//!     Ok(account.bare())
//! })
//! .await;
//! # }
//! ```

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use trunkline_core::{Backend, Result};

pub(crate) mod case;
pub(crate) mod form;
pub(crate) mod messages;
mod outcome;
mod pretty;
mod stored;

pub(crate) use case::Case;
pub use messages::message;
use outcome::Outcome;

/// Checks every case below `root`, each against a backend of its own that `backend` makes of the
/// server's URL. Give it one without retries: a case has one answer.
///
/// # Panics
///
/// A case fails, or there is none. All that fail are named, each with what to do.
#[expect(clippy::panic, reason = "it is a test's assertion")]
pub async fn check_all(root: impl AsRef<Path>, backend: impl Fn(&str) -> Result<Backend>) {
    let root = root.as_ref();
    let mut failures = Vec::new();
    let cases = match folders(root) {
        Ok(cases) if !cases.is_empty() => cases,
        Ok(_) => panic!("there is no case in {}", root.display()),
        Err(error) => panic!("{} cannot be read: {error}", root.display()),
    };
    for dir in &cases {
        if let Err(failure) = check(dir, &backend).await {
            failures.push(failure.to_string());
        }
    }
    if !failures.is_empty() {
        panic!(
            "{} of {} cases fail\n\n{}",
            failures.len(),
            cases.len(),
            failures.join("\n")
        );
    }
}

/// Checks the case in `dir`.
///
/// # Errors
///
/// What differs from its files, or why they cannot be read.
pub async fn check(
    dir: impl AsRef<Path>,
    backend: impl Fn(&str) -> Result<Backend>,
) -> Result<(), Failure> {
    let dir = dir.as_ref();
    let failure = |what: Vec<String>| Failure {
        dir: dir.to_owned(),
        what,
    };
    let case = Case::read(dir).map_err(|what| failure(vec![what]))?;
    let outcome = Outcome::of(&case, &backend, 0)
        .await
        .map_err(|what| failure(vec![what]))?;

    let mut what = outcome.violations.clone();
    if case.is_stream() {
        match Outcome::of(&case, &backend, SLICE).await {
            Ok(sliced) if sliced.chunks == outcome.chunks && sliced.expect == outcome.expect => {}
            Ok(_) => what.push(format!(
                "another answer when {SLICE} bytes arrive at a time"
            )),
            Err(error) => what.push(error),
        }
    }
    let files = [
        ("request.json", Some(&outcome.request)),
        ("expect.json", Some(&outcome.expect)),
        ("chunks.jsonl", outcome.chunks.as_ref()),
    ];
    for (name, now) in files {
        what.extend(compare(&dir.join(name), now.map(String::as_str)).err());
    }
    if let Some(other) = &case.same_answer_as {
        let file = dir.with_file_name(other).join("expect.json");
        let differs = differs_from(&file, &outcome.expect);
        what.extend(differs.map(|how| format!("the answer is not that of `{other}`: {how}")));
    }
    if what.is_empty() {
        Ok(())
    } else {
        Err(failure(what))
    }
}

/// How many bytes of a stream arrive at a time, the second time.
const SLICE: usize = 3;

/// A case that fails, and why.
#[derive(Clone, Debug)]
pub struct Failure {
    dir: PathBuf,
    what: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.dir.display())?;
        self.what
            .iter()
            .try_for_each(|what| writeln!(f, "  {}", what.replace('\n', "\n  ")))
    }
}

impl std::error::Error for Failure {}

/// Compares with a file, or writes it where that was asked for.
fn compare(file: &Path, now: Option<&str>) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default().display().to_string();
    let stored = fs::read_to_string(file).ok();
    if stored.as_deref() == now {
        return Ok(());
    }
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        if std::env::var_os("CI").is_some() {
            return Err("fixtures are not written in CI: unset UPDATE_FIXTURES".to_owned());
        }
        let written = match now {
            Some(now) => fs::write(file, now),
            None => fs::remove_file(file),
        };
        return written.map_err(|error| format!("{name} cannot be written: {error}"));
    }
    Err(match (stored, now) {
        (Some(stored), Some(now)) => format!(
            "{name} is not what it was; {HOW_TO_UPDATE}\n{}",
            first_difference(&stored, now)
        ),
        (None, _) => format!("{name} is missing; {HOW_TO_UPDATE}"),
        (Some(_), None) => format!("{name} is there, and nothing to compare it with; remove it"),
    })
}

const HOW_TO_UPDATE: &str = "if that is right, run with UPDATE_FIXTURES=1 and read what it writes";

fn differs_from(file: &Path, now: &str) -> Option<String> {
    match fs::read_to_string(file) {
        Ok(stored) if stored == now => None,
        Ok(stored) => Some(first_difference(&stored, now)),
        Err(error) => Some(format!("{} cannot be read: {error}", file.display())),
    }
}

/// The first line that differs, with the two before it.
fn first_difference(stored: &str, now: &str) -> String {
    let (mut stored_lines, mut now_lines) = (stored.lines(), now.lines());
    let mut before = Vec::new();
    loop {
        match (stored_lines.next(), now_lines.next()) {
            (Some(stored), Some(now)) if stored == now => before.push(stored),
            (None, None) => return "only its line endings differ".to_owned(),
            (stored, now) => {
                let context = before.iter().rev().take(2).rev();
                let mut text: Vec<String> = context.map(|line| format!("  {line}")).collect();
                text.extend(stored.map(|line| format!("- {line}")));
                text.extend(now.map(|line| format!("+ {line}")));
                return format!("from line {}:\n{}", before.len() + 1, text.join("\n"));
            }
        }
    }
}

/// The cases below `root`, in the order of their names.
pub(crate) fn folders(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    Ok(folders)
}

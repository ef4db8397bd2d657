//! From a template, which is a crate with real code, to a crate of another name: files are copied,
//! four spellings are replaced, and what was not asked for is cut out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use toml_edit::{Array, DocumentMut, value};

use super::{
    Protocol, name,
    spec::{Op, Spec},
};

/// A template: where it lies, and how its provider is called in it.
struct Template {
    folder: &'static str,
    name: &'static str,
}

impl Protocol {
    fn template(self) -> Template {
        match self {
            Self::OpenaiCompat => Template {
                folder: "xtask/templates/openai-compat",
                name: "parley",
            },
            Self::Native => Template {
                folder: "xtask/templates/native",
                name: "babel",
            },
        }
    }
}

/// The files of the new crate, by their paths in the workspace.
pub(super) fn files(root: &Path, spec: &Spec) -> Result<Vec<(PathBuf, String)>> {
    let template = spec.protocol.template();
    let folder = root.join(template.folder);
    let mut files = Vec::new();
    for path in all(&folder)? {
        let text = fs::read_to_string(folder.join(&path))
            .with_context(|| format!("cannot read {}/{}", template.folder, path.display()))?;
        let path = path.to_string_lossy().into_owned();
        if let Some(path) = renamed(&path, spec) {
            let text = text_of(&path, &text, &template, spec)?;
            files.push((path, text));
        }
    }
    if !spec.has(Op::Chat) {
        refuse_embeddings(&mut files, spec);
    }
    files.sort();
    Ok(files)
}

/// Where a file of the template goes; `None` for what was not asked for.
fn renamed(path: &str, spec: &Spec) -> Option<PathBuf> {
    if path == "example.rs" {
        return Some(format!("examples/{}.rs", spec.name).into());
    }
    let keep = match path.strip_prefix("fixtures/") {
        Some(case) if case.starts_with("embed") => spec.has(Op::Embed),
        Some(case) if case.starts_with("models") => spec.has(Op::Models),
        Some(case) if case.starts_with("error_") => true,
        Some(_) => spec.has(Op::Chat),
        None => match path {
            "src/options.rs" | "src/decode.rs" | "src/encode.rs" | "src/wire.rs" => {
                spec.has(Op::Chat)
            }
            "src/embed.rs" => spec.has(Op::Embed),
            "src/models.rs" => spec.has(Op::Models),
            _ => true,
        },
    };
    keep.then(|| Path::new(&spec.folder()).join(path))
}

fn text_of(path: &Path, text: &str, template: &Template, spec: &Spec) -> Result<String> {
    let text = cut(text, spec);
    let mut text = rename(&text, template, spec);
    if path.starts_with(Path::new(&spec.folder()).join("fixtures")) {
        text = text.replace(
            "\"path\": \"/v1/",
            &format!("\"path\": \"{}/", spec.base_path()),
        );
    }
    match path.file_name().and_then(|name| name.to_str()) {
        Some("Cargo.toml") => manifest(&text, spec),
        _ => Ok(text),
    }
}

/// The four spellings, the model, the address and the key's variable. The longer ones come first.
fn rename(text: &str, template: &Template, spec: &Spec) -> String {
    let old = template.name;
    let (camel, screaming) = (name::camel(old), name::screaming(old));
    let base_url = |url: &str| format!(".base_url(\"{url}\")");
    let own_base_url = match spec.own_key_env() {
        Some(variable) => {
            let variables = format!("    .variables(&[(\"API_KEY\", \"{variable}\")])");
            format!("{}\n{variables}", base_url(&spec.base_url))
        }
        None => base_url(&spec.base_url),
    };
    let models = match spec.model.starts_with(&format!("{}-", spec.name)) {
        true => format!("&[\"{}-*\"]", spec.name),
        false => format!("&[\"{}-*\", \"{}\"]", spec.name, spec.model),
    };
    let none = match spec.has(Op::Chat) {
        true => "        COMMON\n",
        false => "        Capabilities::NONE\n",
    };
    let snake = spec.name.replace('-', "_");
    let address = format!("https://api.{old}.example/v1");
    let rules = [
        (base_url(&address), own_base_url),
        (address, spec.base_url.clone()),
        ("        COMMON\n".to_owned(), none.to_owned()),
        (format!("&[\"{old}-*\"]"), models),
        (format!("\"{old}-1\""), format!("\"{}\"", spec.model)),
        (format!("`{old}-1`"), format!("`{}`", spec.model)),
        (format!("{screaming}_API_KEY"), spec.key_env.clone()),
        (screaming, spec.env()),
        (camel, spec.type_name()),
        // Where a hyphen would be a minus.
        (format!("trunkline_{old}"), format!("trunkline_{snake}")),
        (format!("{old}_is_full"), format!("{snake}_is_full")),
        (format!("{old}: &"), format!("{snake}: &")),
        (format!("= {old}."), format!("= {snake}.")),
        (old.to_owned(), spec.name.clone()),
    ];
    rules
        .into_iter()
        .fold(text.to_owned(), |text, (old, new)| text.replace(&old, &new))
}

/// Cuts out regions: `// [chat]` to `// [/chat]` stays where chats were asked for, `[no-chat]` where
/// they were not, with its lines that are commented out by `//=` put in; `[template]` never stays.
fn cut(text: &str, spec: &Spec) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut open: Vec<bool> = Vec::new();
    for line in text.lines() {
        match marker(line) {
            Some(("", name)) => open.push(stays(name, spec)),
            Some(_) => drop(open.pop()),
            None if open.iter().all(|stays| *stays) && !is_undeclared(line, spec) => {
                kept.push_str(&line.replacen("//= ", "", 1));
                kept.push('\n');
            }
            None => {}
        }
    }
    kept
}

/// A line that declares a capability of an operation that was not asked for. They stand one a line,
/// in a chain, where marks of regions would not stay in place.
fn is_undeclared(line: &str, spec: &Spec) -> bool {
    let line = line.trim().trim_end_matches(',');
    let of = match line {
        ".chat()" | ".stream()" | ".tools()" | ".tool_choice()" | ".temperature()" | ".stop()"
        | ".schema()" => Op::Chat,
        ".embed()" | ".dimensions()" | ".max_inputs(100)" => Op::Embed,
        ".list_models()" => Op::Models,
        _ => return false,
    };
    !spec.has(of)
}

fn stays(region: &str, spec: &Spec) -> bool {
    let (wanted, name) = match region.strip_prefix("no-") {
        Some(name) => (false, name),
        None => (true, region),
    };
    let op = Op::ALL.into_iter().find(|op| op.as_str() == name);
    op.is_some_and(|op| spec.has(op) == wanted)
}

/// A line that begins a region, or with `/` ends one: `// [chat]`, `# [/chat]`, `<!-- [chat] -->`.
fn marker(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let inner = line
        .strip_prefix("// ")
        .or_else(|| line.strip_prefix("# "))
        .or_else(|| line.strip_prefix("<!-- ")?.strip_suffix(" -->"))?;
    let name = inner.strip_prefix('[')?.strip_suffix(']')?;
    let (slash, name) = match name.strip_prefix('/') {
        Some(name) => ("/", name),
        None => ("", name),
    };
    let base = name.strip_prefix("no-").unwrap_or(name);
    ["chat", "embed", "models", "template"]
        .contains(&base)
        .then_some((slash, name))
}

/// Sets what the spec says by structure, so that no text of it can be anything but a value.
fn manifest(text: &str, spec: &Spec) -> Result<String> {
    let mut manifest: DocumentMut = text
        .parse()
        .context("the template's manifest is not TOML")?;
    let mut set = |keys: &[&str], new: toml_edit::Value| {
        let mut item = manifest.as_item_mut();
        for key in keys {
            item = &mut item[*key];
        }
        let decor = item.as_value().map(|old| old.decor().clone());
        *item = value(new);
        if let (Some(decor), Some(new)) = (decor, item.as_value_mut()) {
            *new.decor_mut() = decor;
        }
    };
    let first: String = spec.name.split('-').next().unwrap_or(&spec.name).to_owned();
    let keywords = if first == spec.name {
        vec![spec.name.as_str()]
    } else {
        vec![spec.name.as_str(), first.as_str()]
    };
    set(
        &["package", "description"],
        spec.description.as_str().into(),
    );
    set(
        &["package", "keywords"],
        keywords
            .into_iter()
            .chain(["llm", "ai", "client"])
            .collect::<Array>()
            .into(),
    );
    let metadata = ["package", "metadata", "trunkline"];
    let mut tell =
        |key: &str, new: toml_edit::Value| set(&[metadata[0], metadata[1], metadata[2], key], new);
    tell("title", spec.title.as_str().into());
    tell("key-env", spec.key_env.as_str().into());
    let (chat, embed) = (spec.has(Op::Chat), spec.has(Op::Embed));
    let operations = [
        ("chat", chat),
        ("stream", chat),
        ("embed", embed),
        ("models", spec.has(Op::Models)),
        ("raw", true),
    ];
    tell("operations", chosen(&operations).into());
    let schema = spec.protocol == Protocol::OpenaiCompat && chat;
    tell(
        "capabilities",
        chosen(&[
            ("tools", chat),
            ("structured output", schema),
            ("embeddings", embed),
        ])
        .into(),
    );
    let text = manifest.to_string();
    let text = text.replace("\"../../../crates/testkit\"", "\"../../testkit\"");
    Ok(text.replace(
        "path = \"example.rs\"",
        &format!("path = \"../../../examples/{}.rs\"", spec.name),
    ))
}

fn chosen(words: &[(&str, bool)]) -> Array {
    words
        .iter()
        .filter(|(_, chosen)| *chosen)
        .map(|(word, _)| *word)
        .collect()
}

/// A backend that only embeds is refused as it embeds.
fn refuse_embeddings(files: &mut [(PathBuf, String)], spec: &Spec) {
    let fixtures = Path::new(&spec.folder()).join("fixtures");
    for name in ["call.json", "request.json"] {
        let embed = fixtures.join("embed").join(name);
        let Some(text) = files
            .iter()
            .find(|(path, _)| *path == embed)
            .map(|(_, text)| text.clone())
        else {
            continue;
        };
        let of_error = |path: &Path| {
            path.ends_with(name)
                && path
                    .parent()
                    .and_then(Path::file_name)
                    .is_some_and(|case| case.to_string_lossy().starts_with("error_"))
        };
        for (_, other) in files.iter_mut().filter(|(path, _)| of_error(path)) {
            other.clone_from(&text);
        }
    }
}

/// The files below a folder, relative to it.
fn all(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        let entries = fs::read_dir(folder.join(&relative))
            .with_context(|| format!("cannot list {}; take a whole checkout", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

//! Case files: found, read, and spread into their variants.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

use super::{case::Case, expect::Expect};

/// A case and its runs: one for each variant, or itself alone.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) file: PathBuf,
    pub(crate) runs: Vec<(String, Case)>,
}

impl Loaded {
    /// The case, as its first run has it.
    pub(crate) fn first(&self) -> Option<&Case> {
        self.runs.first().map(|(_, case)| case)
    }
}

/// The cases of `folders`, in order of their names; of those that are named in `only`, if any are.
pub(crate) fn cases(folders: &[PathBuf], only: &[String]) -> Result<Vec<Loaded>> {
    let mut found = Vec::new();
    for folder in folders {
        for file in files(folder)? {
            let stem = stem(&file);
            if only.is_empty() || only.iter().any(|name| name.eq_ignore_ascii_case(&stem)) {
                found.push(read(file)?);
            }
        }
    }
    let missing = only.iter().find(|name| {
        !found
            .iter()
            .any(|case| stem(&case.file).eq_ignore_ascii_case(name))
    });
    if let Some(name) = missing {
        bail!("there is no case {name}; a case is a file of that name with .toml");
    }
    ensure!(
        !found.is_empty(),
        "there is no case: no file F….toml or S….toml"
    );
    Ok(found)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let listed =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in listed {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn stem(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn read(file: PathBuf) -> Result<Loaded> {
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let runs = runs(&text).with_context(|| file.display().to_string())?;
    let loaded = Loaded { file, runs };
    let name = stem(&loaded.file);
    let case = loaded.first().context("a case without runs")?;
    ensure!(
        case.case == name,
        "{}: it says `case = \"{}\"`; the file's name decides",
        loaded.file.display(),
        case.case
    );
    ensure!(
        case.test.is_some() || !case.peer.is_empty() || case.expect.refused,
        "{}: neither a [[peer]] nor a [test]; say what happens",
        loaded.file.display()
    );
    let says_nothing = |case: &Case| {
        let parts = case.then.iter().map(|then| &then.expect);
        let mut parts = parts.chain([&case.expect]);
        !case.peer.is_empty() && parts.any(|expect| *expect == Expect::default())
    };
    if let Some((name, _)) = loaded.runs.iter().find(|(_, case)| says_nothing(case)) {
        bail!(
            "{} {name}: an `expect` is missing, so nothing could fail",
            loaded.file.display()
        );
    }
    Ok(loaded)
}

fn runs(text: &str) -> Result<Vec<(String, Case)>> {
    let plain: Table = toml::from_str(text)?;
    let variants = plain
        .get("variant")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if variants.is_empty() {
        return Ok(vec![(String::new(), toml::from_str(text)?)]);
    }
    let mut runs = Vec::new();
    for (index, variant) in variants.iter().enumerate() {
        let variant = variant
            .as_table()
            .context("`variant` is a list of tables: [[variant]]")?;
        for values in values(variant)? {
            let filled = fill(text, &values);
            // Of the file as it stands, so that a mistake has its line.
            let _: Case = toml::from_str(&filled)?;
            let mut whole = toml::from_str::<Table>(&filled)?;
            let here = whole
                .remove("variant")
                .and_then(|all| all.as_array()?.get(index).cloned());
            if let Some(Value::Table(here)) = here {
                overlay(&mut whole, here);
            }
            let mut whole = Value::Table(whole);
            interpolate(&mut whole, &values);
            let name = name(variant, &values, index);
            let case = whole
                .try_into::<Case>()
                .with_context(|| format!("in the variant `{name}`"))?;
            runs.push((name, case));
        }
    }
    Ok(runs)
}

/// What stands for each name, one list for each run.
type Values = Vec<(String, Value)>;

fn values(variant: &Table) -> Result<Vec<Values>> {
    let Some(each) = variant.get("each").and_then(Value::as_table) else {
        return Ok(vec![Vec::new()]);
    };
    let lists: Vec<(&String, &Vec<Value>)> = each
        .iter()
        .map(|(name, list)| Some((name, list.as_array()?)))
        .collect::<Option<_>>()
        .context("`each` holds lists: each = { status = [500, 502] }")?;
    let runs = lists.iter().map(|(_, list)| list.len()).max().unwrap_or(0);
    ensure!(
        lists.iter().all(|(_, list)| list.len() == runs),
        "the lists of `each` are not equally long"
    );
    Ok((0..runs)
        .map(|run| {
            let of = |(name, list): &(&String, &Vec<Value>)| {
                Some(((*name).clone(), list.get(run)?.clone()))
            };
            lists.iter().filter_map(of).collect()
        })
        .collect())
}

/// Puts the values where `"$name"` stands.
fn fill(text: &str, values: &Values) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("\"${name}\""), &value.to_string())
    })
}

/// Puts the values where `${name}` stands in a longer text.
fn interpolate(place: &mut Value, values: &Values) {
    match place {
        Value::String(text) => {
            for (name, value) in values {
                let plain = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                *text = text.replace(&format!("${{{name}}}"), &plain);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| interpolate(item, values)),
        Value::Table(table) => table
            .iter_mut()
            .for_each(|(_, item)| interpolate(item, values)),
        _ => {}
    }
}

/// Tables are merged, all else is replaced.
fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        if key == "each" || key == "name" {
            continue;
        }
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => overlay(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn name(variant: &Table, values: &Values, index: usize) -> String {
    let given = variant
        .get("name")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let told: Vec<String> = values.iter().map(|(_, value)| value.to_string()).collect();
    match (given, told.is_empty()) {
        (Some(name), true) => name,
        (Some(name), false) => format!("{name} {}", told.join(" ")),
        (None, false) => told.join(" "),
        (None, true) => (index + 1).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::Operation;
    use super::*;

    const BASE: &str = r#"
case = "F042"
title = "A status, then an answer"
[[peer]]
[[peer.reply]]
status = "$status"
body = "code ${status}"
[[peer.reply]]
answer = "Hello."
[expect]
outcome = "ok"
"#;

    #[test]
    fn a_variant_runs_once_for_each_value_and_has_its_own_expectation() {
        let text = format!(
            "{BASE}
[[variant]]
each = {{ status = [500, 502] }}
[[variant]]
name = \"not\"
each = {{ status = [501] }}
expect = {{ outcome = \"error\", attempts = 1 }}
"
        );
        let runs = runs(&text).unwrap();
        let names: Vec<&str> = runs.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["500", "502", "not 501"]);
        let reply = &runs[1].1.peer[0].reply[0];
        assert_eq!(
            (reply.status, reply.body.as_deref()),
            (502, Some("code 502"))
        );
        assert!(runs[2].1.expect.attempts.is_some() && runs[0].1.expect.attempts.is_none());
    }

    #[test]
    fn the_sixteen_change_no_setting_and_run_buffered_and_plain() {
        let folder = crate::faults::root().join("crates/testkit/failover");
        let mut names = Vec::new();
        for file in files(&folder).unwrap() {
            let text = fs::read_to_string(&file).unwrap();
            let plain: Table = toml::from_str(&text).unwrap();
            let only_fallback = Table::from_iter([("fallback".to_owned(), Table::new().into())]);
            assert_eq!(plain["client"].as_table(), Some(&only_fallback), "{text}");
            let variants = plain.get("variant").and_then(Value::as_array);
            let has_client = |variant: &Value| variant.get("client").is_some();
            assert!(!variants.is_some_and(|all| all.iter().any(has_client)));

            let name = stem(&file);
            let ops: Vec<_> = runs(&text)
                .unwrap()
                .into_iter()
                .map(|(_, case)| case.call.op)
                .collect();
            assert!(ops.contains(&Operation::Buffered), "{name}");
            let only_buffered = ["S06", "S07", "S09"].contains(&name.as_str());
            assert!(ops.contains(&Operation::Chat) != only_buffered, "{name}");
            names.push(name);
        }
        assert_eq!(names.len(), 16);
    }

    #[test]
    fn a_word_that_is_none_is_told_with_its_line() {
        let text = BASE
            .replace("\"$status\"", "503")
            .replace("body =", "bdy =");
        let told = runs(&text).unwrap_err().to_string();
        assert!(
            told.contains("line 7") && told.contains("bdy") && told.contains("`body`"),
            "{told}"
        );

        let text = format!("{BASE}[[variant]]\neach = {{ status = [500] }}\nexpct = 1\n");
        let told = runs(&text).unwrap_err().to_string();
        assert!(told.contains("line 14") && told.contains("expct"), "{told}");
    }
}

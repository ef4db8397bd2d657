//! Arguments as models write them, in the place where the fixture has some.

use serde_json::Value;
use trunkline_core::chat::ToolInput;

use super::super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::{Probe, told},
    role::{expected_answer, role},
    tree::{Tree, quoted},
};

pub(super) fn add(list: &mut List, subject: &Subject, both: &Outcome) {
    list.add_if(both, "arguments_are_read_as_the_model_wrote_them", |subject| async move {
        for text in [
            "{}",
            r#"{"zebra":1.0,"apple":9223372036854775807,"more":12345678901234567890}"#,
            r#"{"text":"caf\u00e9 \"quoted\" 漢字 👩‍👩‍👧","deep":{"b":null,"a":[true]}}"#,
        ] {
            match read(&subject, text).await? {
                Some(ToolInput::Json(json)) if json.get() == text => {}
                other => {
                    return Err(format!(
                        "the model wrote the arguments {text}, and they are read as {other:?}; keep \
                         their text as it is"
                    ));
                }
            }
        }
        Ok(())
    });
    let text = both.clone().and_then(|()| is_text(subject));
    list.add_if(&text, "a_call_without_arguments_has_none", |subject| async move {
        match read(&subject, "").await? {
            Some(ToolInput::Json(json)) if json.get() == "{}" => Ok(()),
            other => Err(format!(
                "a call whose arguments are the empty text is read as {other:?}; it is `{{}}`: use \
                 `ToolInput::from_text`"
            )),
        }
    });
    list.add_if(
        &text,
        "arguments_that_are_no_json_are_kept_as_they_are",
        |subject| async move {
            let text = r#"{"city": "Par"#;
            match read(&subject, text).await? {
                Some(ToolInput::Invalid { raw, .. }) if raw == text => Ok(()),
                other => Err(format!(
                    "arguments that break off are read as {other:?}; never mend them: use \
                 `ToolInput::from_text`"
                )),
            }
        },
    );
}

/// Why arguments cannot be written badly on this wire: they are no text there.
fn is_text(subject: &Subject) -> Outcome {
    let answer = expected_answer(subject, "tools")?;
    let call = answer
        .tool_calls()
        .next()
        .map(|call| call.arguments().to_owned());
    let call: Value = serde_json::from_str(&call.unwrap_or_default()).unwrap_or_default();
    let body = Tree::parse(&String::from_utf8_lossy(&role(subject, "tools")?.body))?;
    let mut found = false;
    body.each_text(&mut |text| {
        found |= text.starts_with('{')
            && serde_json::from_str::<Value>(&text).is_ok_and(|text| text == call);
    });
    ensure(found, || {
        "the wire has arguments as JSON, and not as a text".to_owned()
    })
}

/// The arguments of the first call, when the answer of `tools` has these in their place.
async fn read(subject: &Subject, text: &str) -> Outcome<Option<ToolInput>> {
    let case = role(subject, "tools")?;
    let known = super::answered(subject, "tools").await?.1;
    let known = known
        .tool_calls()
        .next()
        .map(|call| call.arguments().to_owned());
    let known = known.ok_or("the fixture `tools` has no call")?;
    let as_json = Tree::parse(&known)?;
    let mut body = Tree::parse(&String::from_utf8_lossy(&case.body))?;
    let mut found = false;
    body.each_mut(&mut |tree| {
        let is_written = matches!(&*tree, Tree::Leaf(leaf)
            if serde_json::from_str::<String>(leaf).is_ok_and(|leaf| leaf == known));
        let new = match is_written {
            true => Tree::Leaf(quoted(text)),
            false if *tree == as_json => Tree::parse(text).unwrap_or(Tree::Object(Vec::new())),
            false => return,
        };
        if !found {
            *tree = new;
            found = true;
        }
    });
    ensure(found, || {
        format!(
            "the arguments that are read of the fixture `tools`, {known}, do not stand in its \
             response.json; keep their text as it is"
        )
    })?;
    let probe = Probe::of(subject, case.reply_of(body.write())).await?;
    let answer = probe.chat(case.op.clone()).await;
    let answer = answer.map_err(|error| {
        format!(
            "an answer whose tool is called with {text:?} fails: {}",
            told(&error)
        )
    })?;
    Ok(answer.tool_calls().next().map(|call| call.input.clone()))
}

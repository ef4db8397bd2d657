//! The key is seen by the provider, and by nobody else.

use trunkline_core::{AccountConfig, Call, Op, models::ModelsRequest};

use super::super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::{Probe, baseline},
    role::role,
    subject::KEY,
};
use crate::peer::Reply;

pub(super) fn add(list: &mut List) {
    list.add("debug_shows_no_key", |subject| async move {
        let setup = subject.at("http://127.0.0.1:9");
        let shown = format!("{:?}", setup.keys);
        hidden(&shown, "Debug of a key")?;
        let built = subject.build(setup).map_err(|error| error.to_string())?;
        hidden(&built.debug, "Debug of the account")?;
        hidden(&format!("{:?}", built.backend), "Debug of the backend")?;
        hidden(&format!("{:?}", built.bare), "Debug of the bare backend")?;
        hidden(
            &format!("{:?}", built.backend.stats()),
            "Debug of the statistics",
        )?;
        hidden(
            &format!("{:?}", built.backend.info()),
            "Debug of the backend's info",
        )
    });
    list.add("errors_show_no_key", |subject| async move {
        errors(&subject).await
    });
    list.add("a_configuration_shows_no_key", |subject| async move {
        let json = serde_json::json!({ "provider": subject.def.id, "keys": [KEY] });
        let config: AccountConfig =
            serde_json::from_value(json).map_err(|error| error.to_string())?;
        hidden(&format!("{config:?}"), "Debug of a configuration")?;
        let wrong = serde_json::json!({ "provider": subject.def.id, "keys": { "a": KEY } });
        match serde_json::from_value::<AccountConfig>(wrong) {
            Ok(_) => Err("a configuration with a wrong field is read".to_owned()),
            Err(error) => hidden(&error.to_string(), "the error of a configuration"),
        }
    });
}

fn hidden(text: &str, what: &str) -> Outcome {
    ensure(!text.contains(KEY), || {
        format!("{what} shows the key; keep it in a `Secret`, and derive no Debug around it")
    })
}

/// A provider that repeats the key to us: in the body of its error, in a header, in a redirect.
async fn errors(subject: &Subject) -> Outcome {
    let refusal = role(subject, "error_auth")?;
    let plain = String::from_utf8_lossy(&refusal.body).into_owned();
    let repeating = plain.replace('}', &format!(",\"repeated\":\"{KEY}\"}}"));
    let spoken = wordy(&plain);
    for reply in [
        refusal.reply().header("x-repeated", KEY),
        refusal.reply_of(repeating),
        refusal.reply_of(spoken),
        refusal.reply_of(format!("<p>{KEY}</p>")),
        Reply::status(302).header("location", format!("https://example.com/?key={KEY}")),
        Reply::status(500).body(format!("the key was {KEY}")),
        Reply::status(200).json(format!("{{\"the key\": \"{KEY}\"")),
    ] {
        let op = match subject.talks() {
            Ok(()) => subject.op(baseline(subject)?),
            Err(_) => Op::Models(std::sync::Arc::new(ModelsRequest::default())),
        };
        let probe = Probe::of(subject, reply).await?;
        let Err(error) = probe.call(Call::new(op)).await else {
            return Err("the answer to a wrong key is taken for a good one".to_owned());
        };
        hidden(&error.to_string(), "the text of an error")?;
        hidden(&format!("{error:?}"), "Debug of an error")?;
        hidden(&format!("{error:#?}"), "Debug of an error")?;
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            hidden(&format!("{cause} {cause:?}"), "the source of an error")?;
            source = cause.source();
        }
        let stats = format!("{:?}", probe.built.backend.stats());
        hidden(&stats, "the last error of the statistics")?;
    }
    Ok(())
}

/// The body with the key at the end of every text in it.
fn wordy(body: &str) -> String {
    use super::super::tree::{Tree, quoted};
    let Ok(mut tree) = Tree::parse(body) else {
        return format!("{body} {KEY}");
    };
    tree.each_mut(&mut |tree| {
        if let Tree::Leaf(leaf) = tree
            && let Ok(text) = serde_json::from_str::<String>(leaf)
        {
            *leaf = quoted(&format!("{text} {KEY}"));
        }
    });
    tree.write()
}

//! The proxy of litellm (MIT), from PyPI, as a translator: it takes a call in one dialect, passes it to
//! aimock in OpenAI's, and translates the answer back, whole and streamed. Code that nobody here wrote
//! reads what the crates send and writes what they read.

use std::{process::Command, time::Duration};

use anyhow::Context;
use serde_json::json;

use super::{Found, Place, Server};
use crate::servers::{
    conversation::{KEY, MODEL},
    home::Home,
    install::Recipe,
    row::Row,
};

const NAME: &str = "litellm";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "a proxy that translates between dialects, before aimock",
    recipe: Recipe::Pip {
        package: "litellm",
        extra: "[proxy]",
        version: "1.106.2",
    },
    find,
    ready: "/health/liveliness",
    // It reads 300 MB of Python first.
    startup: Duration::from_secs(60),
    patience: Duration::from_secs(30),
    upstream: Some("aimock"),
    rows,
};

fn rows() -> Vec<Row> {
    vec![Row::of("openai", "/v1")]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program(NAME, "litellm")?;
    let start = move |place: &Place<'_>| {
        let upstream = place
            .upstream
            .context("it passes calls on to aimock, which does not run")?;
        let config = place.write("config.yaml", &config(upstream))?;
        let mut command = Command::new(&program);
        command.args(["--host", "127.0.0.1", "--telemetry", "False", "--port"]);
        command
            .arg(place.port.to_string())
            .arg("--config")
            .arg(config);
        super::offline(&mut command);
        // Prices come from the package and not from the network.
        command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
        Ok(command)
    };
    Some(Found {
        version: home.python_version(NAME, "litellm"),
        start: Box::new(start),
    })
}

/// JSON is YAML.
fn config(upstream: &str) -> String {
    // The dialect that stays with chat completions; `openai/` would ask for responses.
    let model = json!({
        "model": format!("hosted_vllm/{MODEL}"),
        "api_base": format!("{upstream}/v1"),
        "api_key": KEY,
    });
    let config = json!({
        "model_list": [{"model_name": MODEL, "litellm_params": model}],
        "general_settings": {"master_key": KEY},
        // An error is one call's, and not the model's for some seconds.
        "router_settings": {"disable_cooldowns": true, "num_retries": 0},
        "litellm_settings": {"num_retries": 0, "telemetry": false},
    });
    config.to_string()
}

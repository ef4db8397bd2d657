//! MLServer (Apache-2.0), from PyPI: KServe's own reference of the protocol, in Python, with JSON only.

use std::{process::Command, time::Duration};

use serde_json::json;
use trunkline_core::infer::DataType;

use super::{Found, Place, Ready, Server};
use crate::servers::{
    checks::Check::InferErrors,
    home::Home,
    load::Work,
    process::free_port,
    recipe::Recipe,
    row::{Models, Row, Tensors},
};

const NAME: &str = "mlserver";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "KServe v2 in JSON",
    recipe: Recipe::Pip {
        package: "mlserver",
        extra: "",
        version: "1.7.1",
        pythons: &["python3"],
        proof: "",
    },
    find,
    ready: Ready::Success("/v2/health/ready"),
    startup: Duration::from_secs(90),
    patience: Duration::from_secs(60),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    let row = Row::of("kserve", "")
        .no_key()
        .models(Models::all("double"))
        .setting("encoding", "json")
        .tensors(Tensors {
            // Those that have a form in JSON.
            types: |of| !matches!(of, DataType::Fp16 | DataType::Bf16),
            ranks: 0..=5,
            model: |_| "echo".to_owned(),
            is_binary: false,
        })
        .lacks(&[InferErrors], "its models take whatever they are given");
    vec![row.load(Work::Infer)]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program_of(NAME, "mlserver")?;
    let start = move |place: &Place<'_>| {
        let settings = json!({
            "host": "127.0.0.1", "http_port": place.port,
            "grpc_port": free_port()?, "metrics_port": free_port()?,
            "debug": false, "parallel_workers": 0,
        });
        place.write("models/settings.json", &settings.to_string())?;
        place.write(
            "models/lab.py",
            include_str!("../scripts/mlserver_models.py"),
        )?;
        for (name, class) in [("double", "lab.Double"), ("echo", "lab.Echo")] {
            let settings = json!({"name": name, "implementation": class});
            let path = format!("models/{name}/model-settings.json");
            place.write(&path, &settings.to_string())?;
        }
        let models = place.folder.join("models");
        let mut command = Command::new(&program);
        command.arg("start").arg(&models);
        command.current_dir(&models).env("PYTHONPATH", &models);
        super::offline(&mut command);
        Ok(command)
    };
    Some(Found {
        version: home.python_version(NAME, "mlserver"),
        reference: None,
        start: Box::new(start),
    })
}

//! Triton (BSD-3), NVIDIA's own server, as PyPI's nvidia-pytriton carries it. It is started by itself, on
//! the processor, with models in Python of ours. It has the protocol's extension for binary tensors.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use trunkline_core::infer::DataType;

use super::{Found, Place, Ready, Server};
use crate::servers::{
    home::Home,
    load::Work,
    recipe::Recipe,
    row::{Models, Row, Tensors},
};

const NAME: &str = "triton";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "KServe v2, with binary tensors",
    recipe: Recipe::Pip {
        package: "nvidia-pytriton",
        extra: "",
        version: "0.7.0",
        pythons: &["/usr/bin/python3", "python3"],
        // What runs the models is linked against it, for these versions of Python.
        proof: "import sys, ctypes; v = sys.version_info[:2]; assert (3, 9) <= v <= (3, 13), v; \
                ctypes.CDLL('libpython%d.%d.so.1.0' % v)",
    },
    find,
    ready: Ready::Success("/v2/health/ready"),
    startup: Duration::from_secs(90),
    patience: Duration::from_secs(60),
    upstream: None,
    rows,
};

/// What JSON has no form for, in its reading.
const BINARY_ONLY: [DataType; 2] = [DataType::Fp16, DataType::Bf16];
/// It has no tensors without dimensions.
const RANKS: std::ops::RangeInclusive<usize> = 1..=5;

fn rows() -> Vec<Row> {
    let row = |name, encoding, types: fn(DataType) -> bool, model| {
        Row::of("kserve", "")
            .named(name)
            .no_key()
            .models(Models::all("double"))
            .setting("encoding", encoding)
            .tensors(Tensors {
                types,
                ranks: RANKS,
                model,
                is_binary: encoding == "binary",
            })
    };
    vec![
        row("kserve, JSON", "json", in_json, |rank| {
            format!("json{rank}")
        }),
        row(
            "kserve, binary",
            "binary",
            |_| true,
            |rank| format!("all{rank}"),
        )
        .load(Work::Infer),
    ]
}

fn in_json(data_type: DataType) -> bool {
    !BINARY_ONLY.contains(&data_type)
}

fn find(home: &Home) -> Option<Found> {
    let version = home.python_version(NAME, "nvidia-pytriton")?;
    let python = home.program_of(NAME, "python3")?;
    let packages = home.site_packages(NAME)?;
    let start = move |place: &Place<'_>| {
        let server = packages.join("pytriton/tritonserver");
        let backends = backends(&server, &packages, place)?;
        let models = models(place)?;
        let mut command = Command::new(server.join("bin/tritonserver"));
        command.arg("--model-repository").arg(models);
        command.arg("--backend-directory").arg(backends);
        command.args(["--http-address", "127.0.0.1", "--http-port"]);
        command.arg(place.port.to_string());
        command.args(["--allow-grpc", "false", "--allow-metrics", "false"]);
        command.args(["--disable-auto-complete-config", "--exit-timeout-secs", "3"]);
        super::offline(&mut command);
        command.env("LD_LIBRARY_PATH", packages.join("nvidia_pytriton.libs"));
        command.env("PYTHONPATH", &packages);
        // The models' Python is the first on the path.
        let bin = python.parent().unwrap_or(Path::new("/usr/bin"));
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        Ok(command)
    };
    Some(Found {
        version: Some(format!("{version} (nvidia-pytriton)")),
        reference: None,
        start: Box::new(start),
    })
}

/// The folder that it finds its backend for Python in, with the program that fits our Python.
fn backends(server: &Path, packages: &Path, place: &Place<'_>) -> Result<PathBuf> {
    let library = packages.parent().and_then(Path::file_name);
    let version = library.and_then(|name| name.to_str()?.strip_prefix("python"));
    let version = version.context("its packages lie in no folder of Python's")?;
    let folder = place.folder("backends/python")?;
    let parts = [
        server.join("backends/python"),
        server.join("python_backend_stubs").join(version),
    ];
    for part in parts {
        let entries = fs::read_dir(&part).with_context(|| format!("no {}", part.display()))?;
        for entry in entries {
            let from = entry?.path();
            let to = folder.join(from.file_name().unwrap_or_default());
            if !to.exists() {
                symlink(&from, &to).with_context(|| format!("cannot make {}", to.display()))?;
            }
        }
    }
    Ok(place.folder.join("backends"))
}

/// `double`, and for each number of dimensions a model that gives back tensors of all types, and one of
/// those that go in JSON: a model wants all of its inputs.
fn models(place: &Place<'_>) -> Result<PathBuf> {
    let echo = include_str!("../scripts/triton_echo.py");
    for rank in RANKS {
        let all = DataType::ALL.map(|of| (of.as_str(), format!("out_{of}"), of));
        let json: Vec<_> = all
            .iter()
            .filter(|(.., of)| in_json(*of))
            .cloned()
            .collect();
        model(place, &format!("all{rank}"), rank, &all, echo)?;
        model(place, &format!("json{rank}"), rank, &json, echo)?;
    }
    let double = include_str!("../scripts/triton_double.py");
    model(
        place,
        "double",
        1,
        &[("x", "y".to_owned(), DataType::Fp32)],
        double,
    )?;
    Ok(place.folder.join("models"))
}

fn model(
    place: &Place<'_>,
    name: &str,
    rank: usize,
    tensors: &[(&str, String, DataType)],
    code: &str,
) -> Result<()> {
    let mut config = "backend: \"python\"\nmax_batch_size: 0\n".to_owned();
    let dims = vec!["-1"; rank].join(", ");
    for (input, output, of) in tensors {
        let of = match of {
            DataType::Bytes => "STRING",
            of => of.as_str(),
        };
        for (what, name) in [("input", *input), ("output", output)] {
            let line =
                format!("{what} {{ name: \"{name}\" data_type: TYPE_{of} dims: [{dims}] }}\n");
            config.push_str(&line);
        }
    }
    place.write(&format!("models/{name}/config.pbtxt"), &config)?;
    place.write(&format!("models/{name}/1/model.py"), code)?;
    Ok(())
}

//! s3s-fs (Apache-2.0), from crates.io: an S3 over a folder, in Rust. It verifies every signature, also
//! that of an address. Each replica has a folder of its own: at its start it clears away what is half
//! written, of others too, and fails if they are faster.

use std::{fs, process::Command, time::Duration};

use anyhow::Context;

use super::{Found, Place, Ready, Server};
use crate::servers::{
    conversation::{BUCKETS, S3_KEY, S3_SECRET},
    home::Home,
    load::Work,
    recipe::Recipe,
    row::Row,
};

const NAME: &str = "s3s";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "S3 over a folder",
    recipe: Recipe::Cargo {
        package: "s3s-fs",
        version: "0.14.1",
        features: "binary",
    },
    find,
    // Nothing of it is for those without a key.
    ready: Ready::Answer("/"),
    startup: Duration::from_secs(20),
    patience: Duration::from_secs(60),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    let row = Row::of("s3", "")
        .no_key()
        .setting("access_key_id", S3_KEY)
        .setting("secret_access_key", S3_SECRET);
    vec![row.load(Work::Object)]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program_of(NAME, "s3s-fs")?;
    let start = move |place: &Place<'_>| {
        let root = place.folder("root")?;
        for bucket in BUCKETS {
            let folder = root.join(bucket);
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let mut command = Command::new(&program);
        command.args(["--access-key", S3_KEY, "--secret-key", S3_SECRET]);
        command.args(["--host", "127.0.0.1", "--port"]);
        command.arg(place.port.to_string()).arg(root);
        Ok(command)
    };
    Some(Found {
        version: home.noted_version(NAME),
        reference: None,
        start: Box::new(start),
    })
}

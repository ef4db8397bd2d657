//! moto (Apache-2.0), from PyPI: AWS in one process. Here it is an S3 that verifies every signature, by
//! botocore's own code.

use std::{process::Command, time::Duration};

use super::{Found, Place, Ready, Server};
use crate::servers::{
    checks::Check::Presign,
    conversation::{BUCKETS, S3_KEY, S3_SECRET},
    home::Home,
    load::Work,
    recipe::Recipe,
    row::Row,
};

const NAME: &str = "moto";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "S3, with signatures verified",
    recipe: Recipe::Pip {
        package: "moto",
        extra: "[server,s3]",
        version: "5.2.5",
        pythons: &["python3"],
        proof: "",
    },
    find,
    ready: Ready::Success("/moto-api/"),
    startup: Duration::from_secs(60),
    patience: Duration::from_secs(60),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    let row = Row::of("s3", "")
        .no_key()
        .setting("access_key_id", S3_KEY)
        .setting("secret_access_key", S3_SECRET)
        .lacks(
            &[Presign],
            "where it verifies signatures, it looks for them in headers only and answers 500",
        );
    vec![row.load(Work::Object)]
}

fn find(home: &Home) -> Option<Found> {
    let python = home.program_of(NAME, "python3")?;
    let version = home.python_version(NAME, "moto")?;
    let start = move |place: &Place<'_>| {
        let script = place.write("serve.py", include_str!("../scripts/moto.py"))?;
        let mut command = Command::new(&python);
        command.arg(script).arg(place.port.to_string());
        command.args([S3_KEY, S3_SECRET]).args(BUCKETS);
        super::offline(&mut command);
        Ok(command)
    };
    Some(Found {
        version: Some(version),
        reference: None,
        start: Box::new(start),
    })
}

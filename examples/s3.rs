//! S3: an object is written as it comes to be, listed, read in part and as a whole, given to somebody
//! else by an address, and removed.
//!
//! `AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000 cargo run --example s3 -- BUCKET`

use std::time::Duration;

use futures_util::stream;
use trunkline_s3::{S3, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let name = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "trunkline".to_owned());
    let bucket = S3::from_env()?.backend().bucket(name);

    // Nobody knows yet how long it will be. In parts, if it is more than 8 MiB.
    let lines = (1..=100_000).map(|number| format!("{number},{}\n", number * number));
    let lines = stream::iter(lines.map(|line| Ok::<_, Error>(line.into())));
    let upload = bucket.upload("squares.csv").content_type("text/csv");
    let info = upload.send(lines).await?;
    println!("written: {} bytes", info.size.unwrap_or_default());

    let mut objects = bucket.list("squares");
    while let Some(object) = objects.next().await {
        println!("listed: {}", object?.key);
    }

    let beginning = bucket
        .get_range("squares.csv", 0..20)
        .await?
        .collect(20)
        .await?;
    println!("begins: {:?}", String::from_utf8_lossy(&beginning));

    // A connection that breaks is gone on with, and the checksum is looked at.
    let mut content = bucket.get("squares.csv").await?;
    let mut count = 0;
    while let Some(piece) = content.next().await {
        count += piece?.len();
    }
    println!("read: {count} bytes");

    let address = bucket
        .presign("squares.csv", Duration::from_secs(600))
        .await?;
    println!("for ten minutes: {} characters", address.expose().len());

    bucket.delete("squares.csv").await
}

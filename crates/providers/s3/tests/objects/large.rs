//! A gibibyte up and down, through a proxy of ours that cuts one part and one download in their middle:
//! `TRUNKLINE_S3_LARGE=1024` (mebibytes) beside the variables of the module `servers`. It prints the time
//! and the largest memory that the process had.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use bytes::Bytes;
use crc32fast::Hasher;
use futures_util::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::servers::Server;

/// Cuts each direction once, on the first connection that has carried so many bytes of it.
struct Cuts {
    up: (u64, AtomicBool),
    down: (u64, AtomicBool),
    armed: AtomicBool,
    made: AtomicU64,
}

async fn proxy(server: String, cuts: Arc<Cuts>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, cuts) = (server.clone(), cuts.clone());
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(server).await else {
                    return;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let up = carry(from_client, to_server, &cuts.up, &cuts);
                let down = carry(from_server, to_client, &cuts.down, &cuts);
                // Where one is cut, both are dropped.
                tokio::select! {
                    () = up => {}
                    () = down => {}
                }
            });
        }
    });
    url
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    cut: &(u64, AtomicBool),
    cuts: &Cuts,
) {
    let mut buffer = vec![0; 64 << 10];
    let mut carried = 0;
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        carried += count as u64;
        let is_due = cuts.armed.load(Relaxed) && carried > cut.0;
        if is_due && !cut.1.swap(true, Relaxed) {
            cuts.made.fetch_add(1, Relaxed);
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// `VmHWM` of this process, in bytes: all that it ever had in memory at once.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| {
        line.trim()
            .trim_end_matches("kB")
            .trim()
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or(0) << 10
}

/// A chunk of a stream whose content is another at every place.
fn chunk(number: u64) -> Bytes {
    let seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let words = (0..8_192_u64)
        .flat_map(|word| (seed ^ word.wrapping_mul(0x2545_f491_4f6c_dd1d)).to_le_bytes());
    words.collect::<Vec<u8>>().into()
}

#[tokio::test]
async fn a_gibibyte_goes_up_and_down_in_little_memory_through_cuts() {
    let (Some(server), Ok(mebibytes)) = (Server::of_env(), std::env::var("TRUNKLINE_S3_LARGE"))
    else {
        return;
    };
    let size = mebibytes.parse::<u64>().unwrap() << 20;
    let authority = server.url.strip_prefix("http://").unwrap().to_owned();
    let cuts = Arc::new(Cuts {
        // In the midst of a part, which has 8 MiB, and of the download.
        up: (3 << 20, AtomicBool::new(false)),
        down: (size / 2, AtomicBool::new(false)),
        armed: AtomicBool::new(true),
        made: AtomicU64::new(0),
    });
    let url = proxy(authority, cuts.clone()).await;
    let bucket = server.bucket(&url);
    let before = peak();

    let began = Instant::now();
    let hasher = Arc::new(std::sync::Mutex::new(Hasher::new()));
    let sent = hasher.clone();
    let content = stream::iter((0..size >> 16).map(move |number| {
        let chunk = chunk(number);
        sent.lock().unwrap().update(&chunk);
        Ok::<_, std::io::Error>(chunk)
    }));
    let info = bucket.put_stream("large", content).await.unwrap();
    let up = began.elapsed();
    assert_eq!(info.size, Some(size));
    let sent = hasher.lock().unwrap().clone().finalize();

    let began = Instant::now();
    let mut download = bucket.get("large").await.unwrap();
    let is_checked = download.is_checked();
    let (mut got, mut hasher) = (0, Hasher::new());
    while let Some(piece) = download.next().await {
        let piece = piece.unwrap();
        got += piece.len() as u64;
        hasher.update(&piece);
    }
    let down = began.elapsed();
    let got_crc32 = hasher.finalize();
    let peak = peak();
    println!(
        "{mebibytes} MiB: up {up:.1?}, down {down:.1?}; {} cuts; peak {:.1} MiB of memory, {:.1} MiB before; \
         CRC-32 {got_crc32:08x}, checked against the store's: {is_checked}",
        cuts.made.load(Relaxed),
        peak as f64 / f64::from(1 << 20),
        before as f64 / f64::from(1 << 20),
    );
    assert_eq!((got, got_crc32), (size, sent));
    assert_eq!(
        cuts.made.load(Relaxed),
        2,
        "a part and the download are cut, once each"
    );
    assert!(peak < 64 << 20, "{peak} bytes");
    bucket.delete("large").await.unwrap();
}

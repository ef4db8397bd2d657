//! One run of a case, by itself: its own thread, runtime, clock, client and peers.

use std::{
    panic,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    runtime::{self, Handle},
    time::{sleep, timeout},
};
use trunkline_core::HttpClient;

use super::{
    canary::{self, Canary},
    case::{Case, Clock, Then},
    client::{self, NoClient},
    heap, invariants,
    judge::{self, Faults},
    net::Network,
    peer::Words,
    play,
};

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// In one line, for the table.
    pub(crate) got: String,
    /// What is not as it must be; nothing, if it passed.
    pub(crate) faults: Vec<String>,
}

/// Every case is decided on a stack of this size, so that nothing can rely on a larger one.
const STACK: usize = 2 << 20;

/// Plays the case and judges it.
pub(crate) fn run(case: &Case, canary: &Canary) -> Ran {
    let panics = Panics::watch();
    let heap = heap::begin();
    let ran = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let running = thread.spawn_scoped(scope, || in_runtime(case, canary));
        running.map(thread::ScopedJoinHandle::join)
    });
    let mut ran = match ran {
        Ok(Ok(Ok(ran))) => ran,
        Ok(Ok(Err(error))) => Ran::failed("could not run", format!("{error:#}")),
        Ok(Err(_)) => Ran::failed("a panic", "it panicked"),
        Err(error) => Ran::failed("could not run", format!("no thread: {error}")),
    };
    ran.faults.extend(panics.told());
    ran.faults.extend(canary.hits());
    ran.faults.extend(heap.exceeds(case));
    ran
}

impl Ran {
    fn failed(got: &str, why: impl Into<String>) -> Self {
        Self {
            got: got.to_owned(),
            faults: vec![why.into()],
        }
    }
}

fn in_runtime(case: &Case, canary: &Canary) -> Result<Ran> {
    let paused = case.clock == Clock::Paused;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(paused)
        .build()?;
    // With a paused clock this comes as soon as nothing else can happen any more.
    let patience = Duration::from_secs(if paused { 30 * 24 * 3_600 } else { 60 });
    runtime.block_on(async {
        timeout(patience, play_out(case, canary))
            .await
            .context("it never ended: nothing was left that could happen")?
    })
}

async fn play_out(case: &Case, canary: &Canary) -> Result<Ran> {
    let mut faults = Faults::default();
    let words = Words {
        keys: canary::keys(case.client.keys),
        prompt: canary::prompt(0),
    };
    let network = Network::start(case, &words).await?;
    let tasks = Handle::current().metrics().num_alive_tasks();
    let transport = network.transport(case)?;
    let http = HttpClient::new(transport.clone());
    let model = match client::build(case, &network.urls(), &http) {
        Ok(_) if case.expect.refused => {
            return Ok(Ran::failed("built", "the builder was expected to refuse"));
        }
        Ok(model) => model,
        Err(NoClient::Refused(error)) if case.expect.refused => {
            canary.error(&error, false);
            judge::refusal(&case.expect, &error, &mut faults);
            return Ok(Ran {
                got: format!("refused: {}", error.kind().name()),
                faults: faults.0,
            });
        }
        Err(NoClient::Refused(error)) => {
            return Ok(Ran::failed(
                "refused",
                format!("the builder refused: {error}"),
            ));
        }
    };

    let first = Then {
        after: None,
        call: case.call.clone(),
        expect: case.expect.clone(),
    };
    let mut got = Vec::new();
    for then in std::iter::once(&first).chain(&case.then) {
        if let Some(after) = then.after {
            sleep(after.0).await;
        }
        let part = play::part(&then.call, case, &model, &network, &transport, canary).await?;
        got.push(part.to_string());
        judge::part(&then.expect, &part, &words.keys, &mut faults);
        if let Some(told) = then
            .expect
            .logged
            .as_ref()
            .filter(|told| !canary.warned(told))
        {
            faults.add(format!("no warning in the log says {told:?}"));
        }
        invariants::of_part(case, &then.call, &part, &mut faults);
    }
    drop((model, http, transport));
    invariants::afterwards(case, &network, tasks, &mut faults).await;
    Ok(Ran {
        got: got.join("; then "),
        faults: faults.0,
    })
}

/// Collects panics of all threads and tasks: tokio hides those of its tasks.
struct Panics(Arc<Mutex<Vec<String>>>);

impl Panics {
    fn watch() -> Self {
        let panics = Arc::<Mutex<Vec<String>>>::default();
        let told = panics.clone();
        panic::set_hook(Box::new(move |info| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.push(format!("U1: a panic: {info}"));
        }));
        Self(panics)
    }

    fn told(self) -> Vec<String> {
        let _ = panic::take_hook();
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

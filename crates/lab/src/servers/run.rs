//! Starts what is installed, asks everything of everybody, and ends what was started.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::{
    checks::Check,
    exceptions,
    home::Home,
    known::{self, Place, Server},
    process::{Running, Scratch, free_port},
    report::{Body, Report},
    row::Subject,
    table::{Cell, Table},
};

/// What came of each of `servers`, in their order. All that was started has ended when this returns.
pub(crate) async fn all(home: &Home, servers: &[Server], checks: &[Check]) -> Result<Vec<Report>> {
    let scratch = Scratch::new()?;
    let mut addresses = BTreeMap::new();
    let mut reports = BTreeMap::new();
    let mut tasks = JoinSet::new();
    for server in needed(servers) {
        let is_asked = servers.iter().any(|asked| asked.name == server.name);
        let checks = if is_asked {
            checks.to_vec()
        } else {
            Vec::new()
        };
        match start(&server, home, &scratch, &addresses)? {
            Ok((version, running)) => {
                addresses.insert(server.name, format!("http://127.0.0.1:{}", running.port));
                tasks.spawn(attend(server, version, running, checks));
            }
            Err(body) => {
                reports.insert(server.name, Report::new(&server, None, body));
            }
        }
    }
    // They run until all are done: one may pass calls on to another.
    let mut running = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let (report, process) = ended.context("the task of a server panicked")?;
        reports.insert(report.server, report);
        running.push(process);
    }
    drop(running);
    let asked = servers.iter().map(|server| server.name);
    Ok(asked.filter_map(|name| reports.remove(name)).collect())
}

/// Those that are asked, and those that they pass calls on to.
fn needed(servers: &[Server]) -> Vec<Server> {
    let is_needed = |server: &Server| {
        let mut asked = servers.iter();
        asked.any(|asked| asked.name == server.name || asked.upstream == Some(server.name))
    };
    known::all().into_iter().filter(is_needed).collect()
}

type Started = (Option<String>, Running);

/// Starts it, or says why not.
fn start(
    server: &Server,
    home: &Home,
    scratch: &Scratch,
    addresses: &BTreeMap<&str, String>,
) -> Result<Result<Started, Body>> {
    let Some(found) = (server.find)(home) else {
        let how = server.recipe.how(server.name, &home.folder(server.name));
        return Ok(Err(Body::Skipped(format!("not installed; {how}"))));
    };
    let upstream = server.upstream.map(|name| (name, addresses.get(name)));
    if let Some((name, None)) = upstream {
        let why = format!("it passes calls on to {name}, which does not run");
        return Ok(Err(Body::Skipped(why)));
    }
    let folder = scratch.path().join(server.name);
    fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let place = Place {
        port: free_port()?,
        folder: &folder,
        upstream: upstream
            .and_then(|(_, address)| address)
            .map(String::as_str),
    };
    let started = (found.start)(&place)
        .and_then(|command| Running::start(command, place.port, folder.join("log")));
    Ok(match started {
        Ok(running) => Ok((found.version, running)),
        Err(error) => Err(Body::Failed(format!("{error:#}"))),
    })
}

/// Waits until it is ready, and makes the checks.
async fn attend(
    server: Server,
    version: Option<String>,
    mut running: Running,
    checks: Vec<Check>,
) -> (Report, Running) {
    let body = match running.ready(server.ready, server.startup).await {
        Ok(after) => Body::Ran(after, table(&server, running.port, &checks).await),
        Err(error) => Body::Failed(format!("{error:#}")),
    };
    (Report::new(&server, version, body), running)
}

/// The protocols at once, the checks of each one after another.
async fn table(server: &Server, port: u16, checks: &[Check]) -> Table {
    let mut columns = BTreeMap::new();
    let mut missing = Vec::new();
    let mut tasks = JoinSet::new();
    for (at, row) in (server.rows)().into_iter().enumerate() {
        let (name, of_crate) = (row.name, row.of_crate());
        let Some(subject) = Subject::new(row, port) else {
            missing.push(format!("{name}: skipped: the workspace has no {of_crate}"));
            continue;
        };
        columns.insert(at, (name, Vec::new()));
        let cells = column(server.name, server.patience, subject, checks.to_vec());
        tasks.spawn(async move { (at, cells.await) });
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((at, cells)) => {
                if let Some((_, column)) = columns.get_mut(&at) {
                    *column = cells;
                }
            }
            // Its cells stay empty, which the table calls a failure.
            Err(panic) => missing.push(format!("a check panicked: {panic}")),
        }
    }
    Table::new(checks, columns.into_values().collect(), missing)
}

async fn column(
    server: &'static str,
    patience: Duration,
    subject: Subject,
    checks: Vec<Check>,
) -> Vec<Cell> {
    let mut cells = Vec::new();
    for check in checks {
        let outcome = check.run(&subject, patience).await;
        cells.push(exceptions::judge(server, subject.row.name, check, outcome));
    }
    cells
}

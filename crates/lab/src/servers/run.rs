//! Starts what is installed, asks everything of everybody, and ends what was started.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::{
    checks::{Check, Outcome},
    exceptions,
    home::Home,
    known::{self, Server},
    load::{self, Plan, Replica, Second, Turn},
    process::{Running, Scratch},
    report::{Body, Report},
    row::{Row, Subject},
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
            Ok(started) => {
                let address = format!("http://127.0.0.1:{}", started.replica.port);
                addresses.insert(server.name, address);
                tasks.spawn(attend(server, started, checks));
            }
            Err(body) => {
                reports.insert(server.name, Report::new(&server, None, body));
            }
        }
    }
    // They run until all are done: one may pass calls on to another.
    let mut attended = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        attended.push(ended.context("the task of a server panicked")?);
    }
    // Only now that nobody's pace is measured.
    let turn = Turn::default();
    let mut tasks = JoinSet::new();
    for attended in attended {
        tasks.spawn(burden(attended, turn.clone()));
    }
    let mut running = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let (report, process) = ended.context("the load of a server panicked")?;
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

/// A server that was started.
struct Started {
    version: Option<String>,
    reference: Option<PathBuf>,
    replica: Replica,
    running: Running,
}

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
    let upstream = upstream.and_then(|(_, address)| address).cloned();
    let folder = scratch.path().join(server.name);
    let replica = Replica::new(Arc::new(found.start), folder, upstream)?;
    Ok(match replica.start() {
        Ok(running) => Ok(Started {
            version: found.version,
            reference: found.reference,
            replica,
            running,
        }),
        Err(error) => Err(Body::Failed(format!("{error:#}"))),
    })
}

/// A server whose checks are made, all but those of two replicas.
struct Attended {
    server: Server,
    started: Started,
    checks: Vec<Check>,
    /// After how long it was ready, and what it did; or why it was not.
    made: Result<(Duration, Columns), String>,
}

/// Waits until it is ready, and makes the checks.
async fn attend(server: Server, mut started: Started, checks: Vec<Check>) -> Attended {
    let ready = started.running.ready(server.ready, server.startup).await;
    let made = match ready {
        Ok(after) => Ok((after, columns(&server, &started, &checks).await)),
        Err(error) => Err(format!("{error:#}")),
    };
    Attended {
        server,
        started,
        checks,
        made,
    }
}

/// The cells of each protocol.
#[derive(Default)]
struct Columns {
    columns: BTreeMap<usize, (Row, Vec<Cell>)>,
    remarks: Vec<String>,
}

/// The protocols at once, the checks of each one after another.
async fn columns(server: &Server, started: &Started, checks: &[Check]) -> Columns {
    let mut made = Columns::default();
    let mut tasks = JoinSet::new();
    for (at, mut row) in (server.rows)().into_iter().enumerate() {
        row.reference.clone_from(&started.reference);
        let (name, of_crate) = (row.name, row.of_crate());
        let Some(subject) = Subject::new(row.clone(), started.replica.port) else {
            let remark = format!("{name}: skipped: the workspace has no {of_crate}");
            made.remarks.push(remark);
            continue;
        };
        made.columns.insert(at, (row, Vec::new()));
        let cells = column(server.name, server.patience, subject, checks.to_vec());
        tasks.spawn(async move { (at, cells.await) });
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((at, cells)) => {
                if let Some((_, column)) = made.columns.get_mut(&at) {
                    *column = cells;
                }
            }
            // Its cells stay empty, which the table calls a failure.
            Err(panic) => made.remarks.push(format!("a check panicked: {panic}")),
        }
    }
    made
}

async fn column(
    server: &'static str,
    patience: Duration,
    subject: Subject,
    checks: Vec<Check>,
) -> Vec<Cell> {
    let mut cells = Vec::new();
    for check in checks
        .into_iter()
        .filter(|check| !Check::OF_TWO.contains(check))
    {
        let outcome = check.run(&subject, patience).await;
        cells.push(exceptions::judge(server, subject.row.name, check, outcome));
    }
    cells
}

/// Makes the checks of two replicas, in each protocol that is to be loaded, and reports all.
async fn burden(attended: Attended, turn: Turn) -> (Report, Running) {
    let Attended {
        server,
        started,
        checks,
        made,
    } = attended;
    let body = match made {
        Err(why) => Body::Failed(why),
        Ok((after, mut made)) => {
            loads(&server, &started, &checks, &mut made, &turn).await;
            let cells = made.columns.into_values();
            let cells = cells.map(|(row, cells)| (row.name, cells)).collect();
            Body::Ran(after, Table::new(&checks, cells, made.remarks))
        }
    };
    (Report::new(&server, started.version, body), started.running)
}

/// The checks of two replicas, which are the last of each column too.
async fn loads(
    server: &Server,
    started: &Started,
    checks: &[Check],
    made: &mut Columns,
    turn: &Turn,
) {
    let mut second: Option<Result<Second, String>> = None;
    let of_two = checks.iter().filter(|check| Check::OF_TWO.contains(check));
    let of_two: Vec<Check> = of_two.copied().collect();
    for (row, cells) in made.columns.values_mut() {
        for check in of_two.iter().copied() {
            if row.load.is_empty() {
                let why = "its replicas are loaded in another protocol, or in none";
                cells.push(Cell::Skipped(why.to_owned()));
                continue;
            }
            if second.is_none() {
                second = Some(replicate(server, started, turn).await);
            }
            let outcome = match &mut second {
                Some(Ok(second)) => {
                    let first = started.replica.port;
                    let driven = load::run(check, row, first, second, Plan::default(), turn);
                    let (outcome, lines) = driven.await;
                    made.remarks.extend(lines);
                    outcome
                }
                Some(Err(why)) => Outcome::Failed(why.clone()),
                None => Outcome::Failed("there is no second replica".to_owned()),
            };
            cells.push(exceptions::judge(server.name, row.name, check, outcome));
        }
    }
}

/// A second one of the same server, once it is ready.
async fn replicate(server: &Server, started: &Started, turn: &Turn) -> Result<Second, String> {
    // It takes what the load of another would be measured with.
    let _quiet = turn.lock().await;
    let start = || {
        let replica = started.replica.another("second")?;
        let running = replica.start()?;
        anyhow::Ok((replica, running))
    };
    let (replica, running) = start().map_err(|error| format!("no second replica: {error:#}"))?;
    let mut second = Second {
        replica,
        running,
        ready: server.ready,
        startup: server.startup,
    };
    match second.running.ready(server.ready, server.startup).await {
        Ok(_) => Ok(second),
        Err(error) => Err(format!("no second replica: {error:#}")),
    }
}

//! Hosts, links and time of one seed.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use turmoil::Sim;

use crate::{
    client,
    plan::{CLIENT, Edge, HOSTS, Plan, Trouble},
    report::Report,
    server::{self, Servers},
};

/// How finely messages are timed. Timers are exact.
const TICK: Duration = Duration::from_millis(20);
/// Nothing here may take longer.
const LONGEST: Duration = Duration::from_secs(600);
/// A link that is well.
const LATENCY: Duration = Duration::from_millis(5);

/// Runs a seed's plan and judges it.
pub(crate) fn simulate(seed: u64) -> Result<Report> {
    // Ours draws from the thread's generator: whom to ask, how long to wait.
    fastrand::seed(seed);
    let plan = Rc::new(Plan::of(seed));
    let servers = Arc::new(Servers::new(&plan));
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .enable_random_order()
        .tick_duration(TICK)
        .simulation_duration(LONGEST)
        .max_message_latency(Duration::from_millis(50))
        .tcp_capacity(1_024)
        .build();
    for host in HOSTS {
        let servers = servers.clone();
        sim.host(host, move || server::serve(servers.clone()));
    }
    let told = Rc::new(RefCell::new(None));
    sim.client(CLIENT, {
        let (plan, told) = (plan.clone(), told.clone());
        async move {
            *told.borrow_mut() = Some(client::run(plan).await);
            Ok(())
        }
    });
    let mut edges = plan.edges();
    loop {
        while let Some(edge) = edges.pop_if(|edge| edge.at <= sim.elapsed()) {
            pass(edge, &mut sim);
        }
        if sim.step().map_err(|error| anyhow!("{error}"))? {
            break;
        }
    }
    let report = told.take().context("the client was never done")??;
    servers.saw_no_more_than(&report)?;
    Ok(report)
}

/// Begins or ends a fault.
fn pass(edge: Edge, sim: &mut Sim<'_>) {
    let host = edge.fault.host;
    match (edge.fault.kind, edge.begins) {
        (Trouble::Partition, true) => sim.partition(CLIENT, host),
        (Trouble::Deaf, true) => sim.partition_oneway(CLIENT, host),
        (Trouble::Mute, true) => sim.partition_oneway(host, CLIENT),
        (Trouble::Partition | Trouble::Deaf | Trouble::Mute, false) => sim.repair(CLIENT, host),
        (Trouble::Held, true) => sim.hold(CLIENT, host),
        (Trouble::Held, false) => sim.release(CLIENT, host),
        (Trouble::Slow(latency), true) => sim.set_link_latency(CLIENT, host, latency),
        (Trouble::Slow(_), false) => sim.set_link_latency(CLIENT, host, LATENCY),
        (Trouble::Crash, true) => sim.crash(host),
        (Trouble::Crash, false) => sim.bounce(host),
    }
}

impl Servers {
    fn new(plan: &Plan) -> Self {
        Self {
            seed: plan.seed,
            malice: plan.malice,
            primary: 0.into(),
            spare: 0.into(),
        }
    }

    /// Each request is one of the client's attempts, or one that the transport sent again.
    fn saw_no_more_than(&self, report: &Report) -> Result<()> {
        let seen = [&self.primary, &self.spare].map(|count| count.load(Relaxed));
        for (seen, attempts) in seen.into_iter().zip(report.attempts) {
            ensure!(
                seen <= attempts + report.resent,
                "{seen} requests came of {attempts} attempts"
            );
        }
        Ok(())
    }
}

//! Circuits: S15, and what opens none.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};
use trunkline_core::{ErrorKind, middleware::Stack};

use super::{
    Named, Running, Way,
    scene::{Material, Scene, failed},
    test,
};
use crate::{
    conformance::{
        stage::{Role, cut},
        subject::Setup,
    },
    peer::{Exchange, Reply, Script},
};

pub(super) const ALL: &[Named] = &[
    test(
        "s15_an_outage_opens_the_circuit_and_its_end_is_noticed",
        s15,
    ),
    test("a_circuit_opens_probes_and_closes", flap),
    test("a_request_at_fault_opens_no_circuit", at_fault),
    test("one_endpoint_that_fails_does_not_stop_its_sibling", sibling),
];

/// 503 until a moment, and well from then on.
fn outage(material: &Material, way: Way, lasts: Duration) -> Result<(Script, Instant), String> {
    let well = material.healthy(way)?;
    let end = Instant::now() + lasts;
    let script = Script::respond_with(move |request| {
        if request.at < end {
            Exchange::from(Reply::status(503))
        } else {
            well.clone()
        }
    });
    Ok((script, end))
}

fn s15(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let began = Instant::now();
            let (script, end) = outage(&material, way, Duration::from_secs(60))?;
            let scene = Scene::new(&material, way, script)?;
            for number in 0..20 {
                sleep_until(began + Duration::from_secs(4 * number)).await;
                scene.rescued().await?;
            }
            let times: Vec<Duration> = scene
                .primary
                .requests()
                .iter()
                .map(|request| request.at.duration_since(began))
                .collect();
            let within = |from: u64, to: u64| {
                let window = Duration::from_secs(from)..Duration::from_secs(to);
                times.iter().filter(|time| window.contains(*time)).count()
            };
            let (before, probes, after) = (within(0, 16), within(16, 60), within(60, 90));
            let _ = end;
            if !(1..=10).contains(&before) || probes > 6 || after == 0 {
                return Err(format!(
                    "{way:?}: a primary that is down is left alone but for a few probes, and used again soon after; it was asked {before} times in 16 s, {probes} until 60 s, {after} from then on. Is a 503 of the endpoint's scope?"
                ));
            }
        }
        Ok(())
    })
}

/// Ten failures in a row open it; three good probes close it.
fn flap(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let (script, end) = outage(&material, way, Duration::from_secs(8))?;
            let alone = |setup| Setup {
                stack: Some(Stack::default().retry(None)),
                ..setup
            };
            let (peer, backend) = material.account(script, alone)?;
            let mut refused = None;
            for _ in 0..20 {
                let error = failed(backend.call(material.call(way)?).await)?;
                if error.kind() == ErrorKind::CircuitOpen {
                    refused = Some(error);
                    break;
                }
            }
            let Some(error) = refused else {
                return Err(format!(
                    "{way:?}: 20 times 503 in a row open no circuit; is a 503 Server, of the endpoint's scope?"
                ));
            };
            let sent = peer.seen().received;
            if sent > 10 || error.delivery() != trunkline_core::Delivery::NotSent {
                return Err(cut(format!(
                    "{way:?}: an open circuit sends nothing; {sent} requests were sent: {error:?}"
                )));
            }
            sleep_until(end + Duration::from_secs(60)).await;
            for number in 1..=5 {
                let reply = backend.call(material.call(way)?).await;
                reply.map_err(|error| {
                    cut(format!(
                        "{way:?}: call {number} after the rest is served: {error:?}"
                    ))
                })?;
                sleep(Duration::from_millis(10)).await;
            }
            if peer.seen().received != sent + 5 {
                return Err(format!(
                    "{way:?}: a circuit that is closed again lets every call through"
                ));
            }
        }
        Ok(())
    })
}

fn at_fault(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        let mut roles: Vec<&Role> = vec![&material.context];
        roles.extend(material.content_filter.as_ref());
        for way in ways {
            for role in &roles {
                let fault = Exchange::from(role.reply());
                let mut script: Vec<Exchange> = std::iter::repeat_n(fault, 30).collect();
                script.push(material.healthy(way)?);
                let (_, backend) = material.account(script, |setup| setup)?;
                for _ in 0..30 {
                    failed(backend.call(material.call(way)?).await)?;
                }
                let reply = backend.call(material.call(way)?).await;
                reply.map_err(|error| cut(format!("{way:?}: thirty times `{}` say nothing against the endpoint; give it the scope of the request: {error:?}", role.name)))?;
            }
        }
        Ok(())
    })
}

/// Two endpoints, told apart by their host.
fn sibling(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let well = material.healthy(way)?;
            let script = Script::respond_with(move |request| {
                let is_down = request
                    .header("host")
                    .is_some_and(|host| host.starts_with("127"));
                if is_down {
                    Exchange::from(Reply::status(503))
                } else {
                    well.clone()
                }
            });
            let (peer, backend) = material.account(script, |mut setup| {
                let other = setup
                    .endpoints
                    .first()
                    .map(|url| url.replace("localhost", "127.0.0.1"));
                setup.endpoints.extend(other);
                setup
            })?;
            for number in 1..=40 {
                let reply = backend.call(material.call(way)?).await;
                reply.map_err(|error| {
                    cut(format!(
                        "{way:?}: call {number} is served by the endpoint that is well: {error:?}"
                    ))
                })?;
            }
            let requests = peer.requests();
            let down = requests.iter().filter(|request| {
                request
                    .header("host")
                    .is_some_and(|host| host.starts_with("127"))
            });
            match down.count() {
                0..=12 => {}
                other => {
                    return Err(format!(
                        "{way:?}: an endpoint that fails is left alone, and was asked {other} times in 40 calls"
                    ));
                }
            }
        }
        Ok(())
    })
}

//! Servers that say nothing: S06, S07, S09.

use std::{sync::Arc, time::Duration};

use super::{
    Named, Running, Way,
    scene::{Material, Scene, chunked},
    streamed,
};
use crate::peer::{Exchange, Script};

pub(super) const ALL: &[Named] = &[
    streamed("s06_a_silent_server_is_asked_once", s06),
    streamed("s07_a_slow_first_word_is_left_to_the_fallback", s07),
    streamed(
        "s09_a_stream_that_falls_silent_is_left_to_the_fallback",
        s09,
    ),
];

const HEALTH_CHECK: Duration = Duration::from_secs(1);

fn s06(material: Arc<Material>, _: Vec<Way>) -> Running {
    Box::pin(async move {
        let silent = Exchange::new().pause(Duration::from_secs(120)).close();
        let scene = Scene::new(
            &material,
            Way::Buffered,
            Script::new([silent]).repeat_last(),
        )?;
        let played = scene.rescued().await?;
        scene.expect(1..=1, 1..=1)?;
        within(played.took, Duration::from_secs(100))
    })
}

fn s07(material: Arc<Material>, _: Vec<Way>) -> Running {
    Box::pin(async move {
        let patience = material.patience()?;
        let stream = material.stream()?;
        // The head at once; a beginning without content, and then for long nothing.
        let prelude = stream
            .first(stream.content_after.saturating_sub(1))
            .concat();
        let rest = stream
            .events
            .iter()
            .skip(stream.content_after.saturating_sub(1));
        let rest = rest.cloned().collect::<Vec<_>>().concat();
        let mut slow = Exchange::new().send(material.head()?);
        if !prelude.is_empty() {
            slow = slow.send(chunked(&prelude));
        }
        let slow = slow
            .pause(patience * 2)
            .send(chunked(&rest))
            .send("0\r\n\r\n");
        let scene = Scene::new(&material, Way::Buffered, Script::new([slow]).repeat_last())?;
        let played = scene.rescued().await?;
        scene.expect(1..=1, 1..=1)?;
        within(played.took, patience + patience / 2)
    })
}

fn s09(material: Arc<Material>, _: Vec<Way>) -> Running {
    Box::pin(async move {
        let patience = material.patience()?;
        let stalls = material.begun(0)?.pause(patience * 3).close();
        let script = Script::new([stalls, material.healthy(Way::Buffered)?]).repeat_last();
        let scene = Scene::new(&material, Way::Buffered, script)?;
        let played = scene.rescued().await?;
        within(played.took, patience * 4)?;
        let after = scene.rescued().await?;
        within(after.took, HEALTH_CHECK)
    })
}

fn within(took: Duration, limit: Duration) -> Result<(), String> {
    if took <= limit {
        Ok(())
    } else {
        Err(format!(
            "the call was rescued after {took:?}, and should be within {limit:?}"
        ))
    }
}

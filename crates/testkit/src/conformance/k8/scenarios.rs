//! What a provider answers when it does not: S01 to S05, S08, S10 to S14, S16.

use std::{sync::Arc, time::Duration};

use super::{
    Named, Needs, Running, Way,
    scene::{FALLBACK, Material, Scene, failed, wait},
    streamed, test,
};
use crate::{
    conformance::stage::cut,
    peer::{Exchange, Reply, Script},
};

pub(super) const ALL: &[Named] = &[
    test("s01_a_429_is_asked_again_when_it_says", s01),
    test("s02_a_429_without_end_is_left_to_the_fallback", s02),
    test("s03_a_500_is_asked_again", s03),
    test("s04_a_503_without_end_is_left_to_the_fallback", s04),
    test(
        "s05_a_connection_that_ends_before_the_head_is_made_again",
        s05,
    ),
    test("s08_an_answer_that_breaks_off_is_asked_for_again", s08),
    Named {
        name: "s10_an_event_that_cannot_be_read_is_left_to_the_fallback",
        needs: Needs::Json,
        body: s10,
    },
    streamed("s11_a_stream_without_its_last_word_ends_in_time", s11),
    test(
        "s12_a_conversation_too_long_is_asked_once_and_left_to_the_fallback",
        s12,
    ),
    Named {
        name: "s13_a_refusal_for_content_is_given_back_with_its_reason",
        needs: Needs::ContentFilter,
        body: s13,
    },
    test(
        "s14_a_fallback_starts_anew_and_not_from_half_an_answer",
        s14,
    ),
    test("s16_an_answer_and_the_figures_name_who_gave_it", s16),
];

fn always(exchange: impl Into<Exchange>) -> Script {
    Script::new([exchange]).repeat_last()
}

fn once(material: &Material, way: Way, exchange: impl Into<Exchange>) -> Result<Script, String> {
    Ok(Script::new([exchange.into(), material.healthy(way)?]).repeat_last())
}

fn s01(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let limited = material.limited(&[("retry-after", "2")]);
            let scene = Scene::new(&material, way, once(&material, way, limited)?)?;
            scene.rescued().await?;
            scene.expect(2..=2, 0..=0)?;
            let waited = wait(&scene.primary.requests()).unwrap_or_default();
            if !(Duration::from_millis(1_800)..=Duration::from_secs(5)).contains(&waited) {
                return Err(format!(
                    "`retry-after: 2` was waited for {waited:?}; is a 429 RateLimited, and does `error` keep to it?"
                ));
            }
        }
        Ok(())
    })
}

fn s02(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let scene = Scene::new(&material, way, always(material.limited(&[])))?;
            scene.rescued().await?;
            scene.expect(1..=6, 1..=1)?;
        }
        Ok(())
    })
}

fn s03(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let scene = Scene::new(&material, way, once(&material, way, Reply::status(500))?)?;
            scene.rescued().await?;
            scene.expect(2..=2, 0..=0)?;
        }
        Ok(())
    })
}

fn s04(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let scene = Scene::new(&material, way, always(Reply::status(503)))?;
            scene.rescued().await?;
            scene.expect(2..=6, 1..=1)?;
        }
        Ok(())
    })
}

fn s05(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let scene = Scene::new(
                &material,
                way,
                once(&material, way, Exchange::new().close())?,
            )?;
            scene.rescued().await?;
            scene.expect(2..=2, 0..=0)?;
        }
        Ok(())
    })
}

fn s08(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let scene = Scene::new(&material, way, once(&material, way, material.cut(way)?)?)?;
            scene.rescued().await?;
            let (primary, fallback) = scene.asked();
            if primary + fallback != 2 {
                return Err(format!(
                    "{way:?}: an answer that broke off is asked for once more; {} requests were sent",
                    primary + fallback
                ));
            }
        }
        Ok(())
    })
}

fn s10(material: Arc<Material>, _: Vec<Way>) -> Running {
    Box::pin(async move {
        let stream = material.stream()?;
        let pieces = stream.with(stream.content_after, stream.unreadable());
        let broken = material.stream_of(pieces)?;
        let way = Way::Buffered;
        let scene = Scene::new(&material, way, once(&material, way, broken)?)?;
        scene.rescued().await?;
        scene.expect(1..=1, 1..=1)?;
        let played = scene.rescued().await?;
        match played.result.map(|answer| answer.meta.attempts) {
            Ok(1) => Ok(()),
            other => Err(format!(
                "the call after it took {other:?} attempts, and should take 1"
            )),
        }
    })
}

fn s11(material: Arc<Material>, _: Vec<Way>) -> Running {
    Box::pin(async move {
        let pieces = material.stream()?.without_last_word();
        for reply in [
            material.stream_of(pieces.clone())?,
            material.stream_of(pieces)?.no_last_chunk().stall(),
        ] {
            let scene = Scene::new(&material, Way::Buffered, always(reply))?;
            let played = scene.rescued().await?;
            scene.expect(1..=1, 0..=0)?;
            let usage = played.result.map(|answer| answer.usage.completeness).ok();
            let expected = material.stream()?.answer.usage.completeness;
            if played.took > Duration::from_secs(8) || usage != Some(expected) {
                return Err(format!(
                    "a whole answer without its last word ends in 8 s with its usage; it took {:?}, {usage:?}",
                    played.took
                ));
            }
        }
        Ok(())
    })
}

fn s12(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let scene = Scene::new(&material, way, always(material.context.reply()))?;
            scene.rescued().await?;
            scene.expect(1..=1, 1..=1)?;
        }
        Ok(())
    })
}

fn s13(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        let Some(filter) = &material.content_filter else {
            return Err("no fixture has an error of the kind content_filter".to_owned());
        };
        for way in ways {
            let scene = Scene::new(&material, way, always(filter.reply()))?;
            let error = failed(scene.play().await?.result)?;
            scene.expect(1..=1, 0..=0)?;
            let says = error.kind().name() == "content_filter" && !error.message().is_empty();
            if !says || error.status().map(|status| status.as_u16()) != Some(filter.status) {
                return Err(cut(format!("the provider's reason is told: {error:?}")));
            }
        }
        Ok(())
    })
}

fn s14(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        let name = material.model()?;
        for way in ways {
            let scene = Scene::new(&material, way, always(material.cut(way)?))?;
            scene.rescued().await?;
            let (asked, again) = (scene.primary.requests(), scene.fallback.requests());
            let (Some(asked), Some(again)) = (asked.first(), again.first()) else {
                return Err("both models are asked".to_owned());
            };
            let renamed = asked.text().replace(&name, FALLBACK);
            if again.text() != renamed {
                return Err(cut(format!(
                    "{way:?}: the fallback is asked the very same, with nothing of the half answer: {}",
                    again.text()
                )));
            }
        }
        Ok(())
    })
}

fn s16(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let scene = Scene::new(&material, way, always(Reply::status(503)))?;
            let answer = scene
                .rescued()
                .await?
                .result
                .map_err(|error| error.to_string())?;
            let named = answer.meta.model.as_deref() == Some(FALLBACK);
            let requests = scene.fallback.requests();
            let sent = requests.iter().all(|request| {
                request.text().contains(FALLBACK) || request.path.contains(FALLBACK)
            });
            if !named || !sent {
                return Err(format!(
                    "{way:?}: the answer names the model that gave it, and the request asks for that: {:?}",
                    answer.meta.model
                ));
            }
            let expected = material.answer(way)?.usage;
            if answer.usage.output != expected.output || answer.usage.input != expected.input {
                return Err(cut(format!(
                    "the answer's usage is that of the fallback alone: {:?}",
                    answer.usage
                )));
            }
            let stats = scene.model.backend().stats();
            let done: Vec<_> = stats
                .endpoints
                .iter()
                .map(|one| (one.completed, one.output_tokens, one.running))
                .collect();
            let tokens = expected.output.total.unwrap_or(0);
            if done != [(0, 0, 0), (1, tokens, 0)] {
                return Err(format!(
                    "failures are not counted as answers; completed, tokens and running by endpoint were {done:?}"
                ));
            }
        }
        Ok(())
    })
}

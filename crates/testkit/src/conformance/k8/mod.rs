//! K8: two accounts of the provider, one standing by for the other, under the default stack: the
//! sixteen failures that a caller must not notice, and what retries and circuits may not do. Over
//! pipes under a paused clock, so that a minute takes no time.

use std::{pin::Pin, sync::Arc};

use super::{
    Subject,
    stage::{Recorded, Role},
    suite::Test,
};

mod breaker;
mod retry;
mod scenarios;
mod scene;
mod silence;

use scene::{Material, Way};

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// A test, and what it needs beside `chat`.
struct Named {
    name: &'static str,
    needs: Needs,
    body: fn(Arc<Material>, Vec<Way>) -> Running,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// It is about what comes over a stream.
    Stream,
    /// Its events are JSON, so that one may be unreadable.
    Json,
    /// A fixture of the provider's refusal for content.
    ContentFilter,
}

const fn test(name: &'static str, body: fn(Arc<Material>, Vec<Way>) -> Running) -> Named {
    Named {
        name,
        needs: Needs::Nothing,
        body,
    }
}

const fn streamed(name: &'static str, body: fn(Arc<Material>, Vec<Way>) -> Running) -> Named {
    Named {
        name,
        needs: Needs::Stream,
        body,
    }
}

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let can = subject.can;
    let all = || {
        [scenarios::ALL, silence::ALL, retry::ALL, breaker::ALL]
            .into_iter()
            .flatten()
    };
    if !can.chat {
        let skip =
            |named: &Named| Test::skip(format!("k8::{}", named.name), "`chat` is not declared");
        return all().map(skip).collect();
    }
    let material = match Material::of(subject) {
        Ok(material) => Arc::new(material),
        Err(why) => return vec![Test::fail("k8::there_is_what_to_test_with", why)],
    };
    let of = |named: &Named| {
        let name = format!("k8::{}", named.name);
        let is_json = material
            .stream
            .as_ref()
            .is_some_and(|stream| stream.is_json);
        if can.stream && named.needs == Needs::Json && !is_json {
            return Test::skip(name, "its events are no JSON");
        }
        if matches!(named.needs, Needs::Stream | Needs::Json) && !can.stream {
            return Test::skip(name, "`stream` is not declared");
        }
        if named.needs == Needs::ContentFilter && material.content_filter.is_none() {
            return Test::skip(
                name,
                "no fixture has an error of the kind content_filter; add `error_content_filter`, if the provider has such",
            );
        }
        let (material, body) = (material.clone(), named.body);
        let ways = if can.stream {
            vec![Way::Chat, Way::Buffered]
        } else {
            vec![Way::Chat]
        };
        Test::paused(name, move || body(material, ways))
    };
    all().map(of).collect()
}

impl Material {
    /// The fixtures that the scenes are made of.
    fn of(subject: &Arc<Subject>) -> Result<Self, String> {
        let chat = Role::read(subject, "chat", "an answer in a few words")?;
        let stream = match subject.can.stream {
            true => Some(Recorded::learn(
                subject,
                Role::read(subject, "stream", "the same answer as a stream")?,
            )?),
            false => None,
        };
        Ok(Self {
            rate_limit: Role::read(
                subject,
                "error_rate_limit",
                "the answer to too many requests",
            )?,
            context: Role::read(
                subject,
                "error_context",
                "the answer to a conversation that is too long",
            )?,
            auth: Role::read(subject, "error_auth", "the answer to a wrong key")?,
            content_filter: super::stage::having(subject, "content_filter"),
            subject: subject.clone(),
            chat,
            stream,
        })
    }
}

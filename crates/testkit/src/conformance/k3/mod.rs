//! K3: streams.

use std::sync::Arc;

use trunkline_core::{ChatRequest, ErrorKind, Op};

use super::{
    Subject,
    stage::{Memory, Recorded, Role, all, call, cut},
    suite::Test,
};

mod bounds;
mod drops;
mod ends;
mod framing;
mod law;
mod pieces;
mod tools;

/// One test on one recorded stream.
pub(super) type OnStream = (&'static str, fn(Arc<Subject>, Arc<Recorded>) -> Running);
pub(super) type Running = std::pin::Pin<Box<dyn Future<Output = Result<(), String>>>>;

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    if !subject.can.stream {
        return vec![refused(subject)];
    }
    let refused = Test::skip(
        "k3::a_stream_is_refused_where_none_is_declared",
        "streams are declared",
    );
    let mut tests = vec![refused];
    match Role::read(subject, "stream", "an answer in words as a stream, the same as that of `chat`") {
        Ok(role) if role.same_answer_as.is_some() => {}
        Ok(_) => tests.push(Test::fail(
            "k3::the_stream_is_compared_with_a_whole_answer",
            "write `\"same_answer_as\": \"chat\"` into the head.json of the fixture `stream`, and let it answer the same",
        )),
        Err(why) => tests.push(Test::fail("k3::there_is_a_stream_to_test_with", why)),
    }
    for role in all(subject) {
        if !role.is_stream() || role.is_error() {
            continue;
        }
        let name = role.name.clone();
        match Recorded::learn(subject, role) {
            Ok(recorded) => tests.extend(of_stream(subject, Arc::new(recorded))),
            Err(why) => tests.push(Test::fail(format!("k3::{name}_gives_an_answer"), why)),
        }
    }
    tests.extend(tools::tests(subject));
    tests
}

/// What is asked of every recorded stream, and what of the plain one only.
fn of_stream(subject: &Arc<Subject>, stream: Arc<Recorded>) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let mut add = |list: &[OnStream], paused: bool| {
        for (name, body) in list {
            let name = format!("k3::{}_{name}", stream.role.name);
            let (subject, stream, body) = (subject.clone(), stream.clone(), *body);
            let run = move || body(subject, stream);
            tests.push(if paused {
                Test::paused(name, run)
            } else {
                Test::run(name, run)
            });
        }
    };
    add(law::ALL, false);
    add(pieces::ALL, false);
    add(ends::ALL, true);
    if stream.role.name == "stream" {
        add(bounds::ALL, true);
        add(drops::ALL, false);
    }
    tests.extend(framing::tests(subject, &stream));
    if stream.role.name == "stream" {
        tests.extend(bounds::repeated(subject, &stream));
    }
    tests
}

/// The negative of the capability.
fn refused(subject: &Arc<Subject>) -> Test {
    let subject = subject.clone();
    Test::run(
        "k3::a_stream_is_refused_where_none_is_declared",
        || async move {
            let wire = Memory::new([]);
            let built = subject.over(wire.client())?;
            let op = Op::ChatStream(Arc::new(ChatRequest::from("Hello").model("m")));
            match call(&built.bare, &op).await.result {
                Err(error) if error.kind() == ErrorKind::Unsupported && wire.seen().is_empty() => {
                    Ok(())
                }
                Err(error) => Err(cut(format!(
                    "`stream` is not declared: let `encode` refuse Op::ChatStream as Unsupported before anything is sent; it gave {error}"
                ))),
                Ok(_) => Err("`stream` is not declared, and yet a stream was answered".to_owned()),
            }
        },
    )
}

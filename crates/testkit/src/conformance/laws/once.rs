//! The key that makes a second request harmless, where the provider's definition says that it takes
//! one.

use std::sync::Arc;

use trunkline_core::{Call, Class, Op, models::ModelsRequest};

use super::super::{
    Subject,
    list::{List, Outcome, ensure},
    stage::{Answer, Memory},
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let declared = subject.talks().and_then(|()| {
        ensure(subject.def.idempotency.is_some(), || {
            "the provider declares no header for a key that makes repeats harmless".to_owned()
        })
    });
    list.add_if(
        &declared,
        "all_attempts_of_a_call_carry_one_key_and_every_call_another",
        |subject| async move { keyed(&subject).await },
    );
}

async fn keyed(subject: &Subject) -> Outcome {
    let name = subject.def.idempotency.unwrap_or_default();
    let case = subject.spoken()?;
    let wire = Memory::new([Answer::of(&case)]);
    let backend = subject.over(wire.client())?.bare;
    let call = Call::new(case.op.clone());
    for call in [call.clone(), call, Call::new(case.op.clone())] {
        let _ = backend.call(call).await;
    }
    let list = Op::Models(Arc::new(ModelsRequest::default()));
    debug_assert_eq!(list.class(), Class::Read);
    let _ = backend.call(Call::new(list)).await;
    let seen = wire.seen();
    let keys: Vec<Option<&[u8]>> = seen
        .iter()
        .map(|request| request.headers.get(name).map(http::HeaderValue::as_bytes))
        .collect();
    let [first, again, other, ..] = keys.as_slice() else {
        return Err(format!("{} requests were sent, not three", keys.len()));
    };
    ensure(first.is_some() && first == again && first != other, || {
        format!("`{name}` is declared: one key for all attempts of a call, another for every other")
    })?;
    ensure(keys.get(3).is_none_or(Option::is_none), || {
        format!("what only reads needs no `{name}`")
    })
}

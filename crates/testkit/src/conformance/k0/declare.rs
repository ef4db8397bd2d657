//! What a provider says of itself fits together.

use std::sync::Arc;

use super::{
    super::{
        Subject,
        list::{List, Outcome, ensure},
    },
    nowhere,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    list.add(
        "the_backend_says_what_the_definition_says",
        |subject| async move { info(&subject) },
    );
    list.add("id_and_prefix_are_in_their_form", |subject| async move {
        names(&subject)
    });
    list.add("capabilities_fit_together", |subject| async move {
        fits(&subject)
    });
    let has_default = ensure(subject.def.default_model.is_some(), || {
        "the provider has no default model".to_owned()
    });
    list.add_if(
        &has_default,
        "the_default_model_is_one_of_its_own",
        |subject| async move {
            let info = subject
                .build(nowhere(&subject))
                .map_err(|error| error.to_string())?;
            let model = subject.def.default_model.unwrap_or_default();
            let known = subject.def.models.is_empty() || info.backend.is_compatible_model(model);
            ensure(known, || {
                format!("no pattern of `models` matches the default model `{model}`; add one")
            })
        },
    );
    let has_models = ensure(!subject.def.models.is_empty(), || {
        "the provider declares no models".to_owned()
    });
    list.add_if(
        &has_models,
        "patterns_tell_its_models_from_others",
        |subject| async move { patterns(&subject) },
    );
    let asked = has_models.and_then(|()| subject.talks());
    list.add_if(
        &asked,
        "models_of_fixtures_are_its_own",
        |subject| async move {
            let built = subject
                .build(nowhere(&subject))
                .map_err(|error| error.to_string())?;
            let model = subject.spoken()?.op.model().to_owned();
            ensure(built.backend.is_compatible_model(&model), || {
                format!("no pattern of `models` matches `{model}`, which the fixtures ask; add one")
            })
        },
    );
    let reasons = ensure(!subject.def.reasoning_models.is_empty(), || {
        "the provider declares no models that reason".to_owned()
    });
    list.add_if(
        &reasons,
        "models_that_reason_are_its_own",
        |subject| async move {
            let built = subject
                .build(nowhere(&subject))
                .map_err(|error| error.to_string())?;
            for pattern in subject.def.reasoning_models {
                let model = pattern.replace('*', "x");
                ensure(
                    subject.def.models.is_empty() || built.backend.is_compatible_model(&model),
                    || format!("`{pattern}` is of `reasoning_models` and matches none of `models`"),
                )?;
                ensure(built.backend.info().reasons(&model), || {
                    format!("the backend forgets the pattern `{pattern}`")
                })?;
            }
            Ok(())
        },
    );
}

fn info(subject: &Subject) -> Outcome {
    let built = subject
        .build(nowhere(subject))
        .map_err(|error| error.to_string())?;
    let (info, def) = (built.backend.info(), subject.def);
    ensure(info.provider == def.id && *info.name == *def.id, || {
        format!(
            "the backend calls itself `{}`, `{}`",
            info.provider, info.name
        )
    })?;
    ensure(info.capabilities == subject.can, || {
        "the backend's capabilities are not those that the subject has".to_owned()
    })?;
    ensure(
        info.models == def.models && info.default_model.as_deref() == def.default_model,
        || "the backend's models are not the definition's".to_owned(),
    )?;
    let mut setup = nowhere(subject);
    setup.model = Some("conformance-model-1".to_owned());
    let built = subject.build(setup).map_err(|error| error.to_string())?;
    let model = built.bare.default_model();
    ensure(model == Some("conformance-model-1"), || {
        format!("the model of the builder is forgotten: {model:?}")
    })
}

fn names(subject: &Subject) -> Outcome {
    let def = subject.def;
    let is_id =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_".contains(char);
    ensure(!def.id.is_empty() && def.id.chars().all(is_id), || {
        format!(
            "the id `{}` is to be of a–z, 0–9, `-` and `_`: `.` ends it in state",
            def.id
        )
    })?;
    let is_prefix = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
    ensure(
        !def.env.is_empty() && def.env.chars().all(is_prefix),
        || {
            format!(
                "the prefix `{}` of its variables is to be of A–Z, 0–9 and `_`",
                def.env
            )
        },
    )?;
    for setting in def.settings {
        let reserved = ["api_key", "api_keys", "base_url", "base_urls", "model"];
        let is_name =
            |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        ensure(
            setting.chars().all(is_name) && !reserved.contains(setting),
            || {
                format!(
                    "the setting `{setting}` is to be of a–z, 0–9 and `_`, and none of {reserved:?}, \
                 which every provider has"
                )
            },
        )?;
    }
    Ok(())
}

/// A flag that is a part of another is nothing without it.
fn fits(subject: &Subject) -> Outcome {
    const OPERATIONS: [&str; 14] = [
        "chat",
        "stream",
        "embed",
        "dimensions",
        "precision",
        "rerank",
        "count_tokens",
        "tokenize",
        "detokenize",
        "infer",
        "object",
        "list_models",
        "ready",
        "load",
    ];
    let can = |flag: &str| subject.can(flag);
    for (part, whole) in [
        ("tool_choice", "tools"),
        ("parallel_tools", "tools"),
        ("dimensions", "embed"),
        ("precision", "embed"),
    ] {
        ensure(!can(part) || can(whole), || {
            format!("`{part}` is declared without `{whole}`")
        })?;
    }
    ensure(subject.can.max_inputs.is_none() || can("embed"), || {
        "`max_inputs` is declared without `embed`".to_owned()
    })?;
    ensure(subject.can.max_inputs != Some(0), || {
        "`max_inputs` is 0: no request could be sent".to_owned()
    })?;
    ensure(subject.can.max_documents.is_none() || can("rerank"), || {
        "`max_documents` is declared without `rerank`".to_owned()
    })?;
    ensure(subject.can.max_documents != Some(0), || {
        "`max_documents` is 0: no request could be sent".to_owned()
    })?;
    for (flag, on) in subject.can.flags() {
        let of_chat = !OPERATIONS.contains(&flag);
        // The end user is a setting of embeddings too.
        let has_place = can("chat") || can("stream") || (flag == "user" && can("embed"));
        ensure(!on || !of_chat || has_place, || {
            format!("`{flag}` is declared without `chat` or `stream`")
        })?;
    }
    ensure(OPERATIONS.iter().any(|operation| can(operation)), || {
        "no operation is declared".to_owned()
    })
}

fn patterns(subject: &Subject) -> Outcome {
    let built = subject
        .build(nowhere(subject))
        .map_err(|error| error.to_string())?;
    for pattern in subject.def.models {
        let model = pattern.replace('*', "x");
        ensure(built.backend.is_compatible_model(&model), || {
            format!("`{model}` is not known by the pattern `{pattern}`")
        })?;
    }
    let all = subject.def.models.contains(&"*");
    let stranger = "no/such:model-of-conformance";
    ensure(all || !built.backend.is_compatible_model(stranger), || {
        format!("the patterns match `{stranger}` too; make them narrower")
    })
}

//! Objects that are read into the place where they stay.
//!
//! What serde derives makes a struct and hands it up, level by level. The structs of an event have
//! room for all that any server says, so moving them took more time than reading them.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Choice, Chunk, Delta, Str};

/// Reads one object, and nothing after it.
pub(crate) fn read(text: &str) -> serde_json::Result<Chunk<'_>> {
    let mut chunk = Chunk::default();
    let mut json = serde_json::Deserializer::from_str(text);
    chunk.fill(&mut json)?;
    json.end()?;
    Ok(chunk)
}

/// What can be read into a place.
trait Fill<'de>: Default {
    fn fill<D: Deserializer<'de>>(&mut self, json: D) -> Result<(), D::Error>;
}

/// An object, whose fields come one by one. One that comes twice counts as it came last.
trait Object<'de>: Default {
    fn field<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

impl<'de> Object<'de> for Chunk<'de> {
    fn field<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "id" => self.id = map.next_value()?,
            "object" => self.object = map.next_value()?,
            "model" => self.model = map.next_value()?,
            "created" => self.created = map.next_value()?,
            "choices" => {
                let counting = [
                    self.usage,
                    self.x_groq,
                    self.citations,
                    self.search_results,
                    self.time_info,
                    self.error,
                ];
                let first = self.choices.is_none() && counting.iter().all(Option::is_none);
                self.choices_at = first.then_some(name.as_ptr().addr());
                map.next_value_seed(Maybe(&mut self.choices))?;
            }
            "usage" => self.usage = map.next_value()?,
            "service_tier" => self.service_tier = map.next_value()?,
            "provider" => self.provider = map.next_value()?,
            "x_groq" => self.x_groq = map.next_value()?,
            "time_info" | "perf_metrics" => self.time_info = map.next_value()?,
            "prompt_filter_results" | "prompt_annotations" => {
                self.prompt_filter = map.next_value()?;
            }
            "search_results" => self.search_results = map.next_value()?,
            "citations" => self.citations = map.next_value()?,
            "error" => self.error = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Object<'de> for Choice<'de> {
    fn field<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "index" => self.index = map.next_value()?,
            "delta" => map.next_value_seed(Maybe(&mut self.delta))?,
            "message" => map.next_value_seed(Maybe(&mut self.message))?,
            "finish_reason" => self.finish_reason = map.next_value()?,
            "native_finish_reason" => self.native_finish_reason = map.next_value()?,
            "logprobs" => self.logprobs = map.next_value()?,
            "error" => self.error = map.next_value()?,
            "usage" => self.usage = map.next_value()?,
            "content_filter_results" => self.filter = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Object<'de> for Delta<'de> {
    fn field<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "content" => self.content = map.next_value()?,
            "reasoning_content" => self.reasoning_content = map.next_value()?,
            "reasoning" => self.reasoning = map.next_value()?,
            "reasoning_details" => self.reasoning_details = map.next_value()?,
            "refusal" => self.refusal = map.next_value()?,
            "tool_calls" => self.tool_calls = map.next_value()?,
            "function_call" => self.function_call = map.next_value()?,
            "annotations" => self.annotations = map.next_value()?,
            "audio" => self.audio = map.next_value()?,
            "images" => self.images = map.next_value()?,
            "extra_content" => self.extra_content = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de, T: Object<'de>> Object<'de> for Box<T> {
    fn field<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        T::field(self, name, map)
    }
}

fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value().map(|IgnoredAny| ())
}

impl<'de, T: Object<'de>> Fill<'de> for T {
    fn fill<D: Deserializer<'de>>(&mut self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(Fields(self))
    }
}

struct Fields<'p, T>(&'p mut T);

impl<'de, T: Object<'de>> Visitor<'de> for Fields<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Str(name)) = map.next_key()? {
            self.0.field(&name, &mut map)?;
        }
        Ok(())
    }
}

/// Where something goes, unless it is `null`.
struct Maybe<'p, T>(&'p mut Option<T>);

impl<'de, T: Fill<'de>> DeserializeSeed<'de> for Maybe<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de, T: Fill<'de>> Visitor<'de> for Maybe<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.0.insert(T::default()).fill(json)
    }
}

/// A list that has one entry nearly always: the first costs no allocation.
#[derive(Debug)]
pub(crate) struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self {
            first: None,
            rest: Vec::new(),
        }
    }
}

impl<T> Few<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.rest)
    }
}

impl<'de, T: Fill<'de>> Fill<'de> for Few<T> {
    fn fill<D: Deserializer<'de>>(&mut self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(Entries(self))
    }
}

struct Entries<'p, T>(&'p mut Few<T>);

impl<'de, T: Fill<'de>> Visitor<'de> for Entries<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Next(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// Where the next entry goes, if there is one.
struct Next<'p, T>(&'p mut Few<T>);

impl<'de, T: Fill<'de>> DeserializeSeed<'de> for Next<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Few { first, rest } = self.0;
        if first.is_none() {
            return first.insert(T::default()).fill(json);
        }
        let mut entry = T::default();
        entry.fill(json)?;
        rest.push(entry);
        Ok(())
    }
}

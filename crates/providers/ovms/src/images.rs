//! Pictures from words.
//!
//! <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_image_generation.html>

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Error, Json, Operation, Result, protocol::read, raw::RawRequest};

/// Pictures from words: `backend.ask(Images::new("sdxl", "an otter afloat"))`.
///
/// ```
/// use trunkline_core::Operation;
/// use trunkline_ovms::{ImageOptions, Images};
///
/// let options = ImageOptions::new().size("512x512").num_inference_steps(10_u32);
/// let sent = Images::new("sdxl", "an otter afloat").options(options).encode()?;
/// assert_eq!(sent.path, "/v3/images/generations");
/// # Ok::<(), trunkline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    model: String,
    prompt: String,
    options: ImageOptions,
}

impl Images {
    /// Of this prompt, by this model.
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            prompt: prompt.into(),
            options: ImageOptions::new(),
        }
    }

    /// Sets how they are to be.
    #[must_use]
    pub fn options(mut self, options: ImageOptions) -> Self {
        self.options = options;
        self
    }
}

trunkline_core::options! {
    /// How pictures are to be.
    pub struct ImageOptions {
        /// Width and height: `1024x768`.
        size: String,
        /// How many.
        n: u32,
        /// How often the picture is gone over: more is better and slower.
        num_inference_steps: u32,
        /// How closely the prompt is followed.
        guidance_scale: f64,
        /// Where chance begins: the same number, the same picture.
        rng_seed: u32,
        /// What shall not be in it.
        negative_prompt: String,
        /// The prompt for a model's second encoder of text.
        prompt_2: String,
        /// The prompt for its third.
        prompt_3: String,
        /// The longest prompt, in tokens, that an encoder of text is given.
        max_sequence_length: u32,
        /// How much each adapter that the model's name turns on counts.
        lora_alphas: Json,
    }
}

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    prompt: &'a str,
    #[serde(flatten)]
    options: &'a ImageOptions,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<Picture<'a>>,
}

#[derive(Deserialize)]
struct Picture<'a> {
    b64_json: &'a str,
}

impl Operation for Images {
    type Output = Vec<Bytes>;
    const NAME: &'static str = "ovms.images";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        let ask = Ask {
            model: &self.model,
            prompt: &self.prompt,
            options: &self.options,
        };
        Ok(RawRequest::post("/v3/images/generations", &Json::of(&ask)?))
    }

    /// Each picture's file, mostly PNG.
    fn decode(&self, _: &Parts, body: Bytes) -> Result<Vec<Bytes>> {
        let answer: Answer<'_> = read(&body)?;
        let pictures = answer.data.iter().map(|picture| {
            let file = BASE64_STANDARD.decode(picture.b64_json);
            file.map(Bytes::from)
                .map_err(|cause| Error::decode("a picture is no base64").with_source(cause))
        });
        pictures.collect()
    }
}

//! Settings of sampling and of slots, which chats, completions and infills have in common.
//!
//! The server's source names each with its limits: `tools/server/server-schema.cpp`,
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

/// Declares options that have these settings beside their own.
macro_rules! with_sampling {
    ($(#[$doc:meta])* pub struct $name:ident $(for $provider:literal)? { $($own:tt)* }) => {
        trunkline_core::options! {
            $(#[$doc])*
            pub struct $name $(for $provider)? {
                $($own)*
                /// A grammar in [GBNF](https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md)
                /// that the answer keeps to. Not together with a schema, nor with tools.
                grammar: String,
                /// A JSON schema that the answer keeps to.
                json_schema: trunkline_core::Json,
                /// Whether what the prompt has in common with an earlier one is not read again; the
                /// server does so unless told otherwise.
                cache_prompt: bool,
                /// Pieces of at least so many tokens are taken from the cache though what stands
                /// before them has changed; 0 for none.
                n_cache_reuse: u32,
                /// Which slot answers; the server chooses unless told otherwise.
                id_slot: u32,
                /// So many tokens at the prompt's beginning are kept when the context is full: -1
                /// keeps all.
                n_keep: i64,
                /// So many tokens after those may be thrown away then; 0 for half of the context.
                n_discard: u32,
                /// How deep lines are indented at least, in characters of blank.
                n_indent: u32,
                /// How long it may write, in milliseconds since its first token. It ends at a line's
                /// end.
                t_max_predict_ms: i64,
                /// The likelihood of so many others is told at each token.
                n_probs: u32,
                /// So many tokens are left to choose from, whatever the samplers say.
                min_keep: u32,
                /// Whether those likelihoods are the ones after all samplers, from 0 to 1.
                post_sampling_probs: bool,
                /// Whether the server samples where it computes, on the GPU say.
                backend_sampling: bool,
                /// Whether each piece of a stream tells the timings so far.
                timings_per_token: bool,
                /// Whether a stream tells how much of the prompt was read.
                return_progress: bool,
                /// The seconds of silence after which a stream says that it is alive; -1 for never.
                sse_ping_interval: i32,
                /// Which samplers choose, in their order: `dry`, `top_k`, `typ_p`, `top_p`,
                /// `top_n_sigma`, `min_p`, `xtc`, `temperature`, `penalties`, `adaptive_p`, `infill`.
                samplers: Vec<String>,
                /// Prefers tokens that are about as surprising as usual; 1 turns it off.
                typical_p: f64,
                /// Keeps tokens whose logit is within so many standard deviations of the best one's;
                /// below 0 turns it off.
                top_n_sigma: f64,
                /// XTC: how often the likeliest tokens are left out, from 0 to 1.
                xtc_probability: f64,
                /// XTC: how likely those are at least; above 0.5 turns it off.
                xtc_threshold: f64,
                /// How far the temperature goes up and down; 0 turns it off.
                dynatemp_range: f64,
                /// How the spread of likelihoods becomes a temperature.
                dynatemp_exponent: f64,
                /// How far back repetitions count, in tokens; 0 turns it off.
                repeat_last_n: i64,
                /// Against repetitions; 1 turns it off.
                repeat_penalty: f64,
                /// DRY, against repeated runs of tokens: how strongly; 0 turns it off.
                dry_multiplier: f64,
                /// DRY: the base of the power of a run's length, at least 1.
                dry_base: f64,
                /// DRY: runs up to this length cost nothing.
                dry_allowed_length: u32,
                /// DRY: how far back it looks, in tokens.
                dry_penalty_last_n: i64,
                /// DRY: what ends a run, a line's end say; at least one.
                dry_sequence_breakers: Vec<String>,
                /// Mirostat, which holds the surprise constant: 1 or 2 for its versions, 0 for none.
                mirostat: u8,
                /// Mirostat: how surprising.
                mirostat_tau: f64,
                /// Mirostat: how fast it learns.
                mirostat_eta: f64,
                /// Adaptive sampling: how likely a token it aims at, from 0 to 1; below 0 turns it
                /// off.
                adaptive_target: f64,
                /// Adaptive sampling: how much of the past counts, up to 0.99.
                adaptive_decay: f64,
                /// Whether it goes on where it would have ended.
                ignore_eos: bool,
                /// The scale of each LoRA adapter for this request; one that is not named has 0.
                lora: Vec<crate::LoraScale>,
            }
        }
    };
}

#![no_main]

use libfuzzer_sys::fuzz_target;
use trunkline_http::frame::Framing;

fuzz_target!(|input: &[u8]| trunkline_fuzz::framing::check(Framing::Sse, input));

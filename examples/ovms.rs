//! The OpenVINO Model Server: how its models stand, how busy it is, a tensor through one of them, and a
//! question to another.
//!
//! `cargo run --example ovms -- [MODEL_OF_TENSORS] [MODEL_THAT_CHATS]`, with a server on port 8000 of this
//! machine, or at `OVMS_BASE_URL`.

use trunkline_core::{Call, Op};
use trunkline_ovms::{ConfigStatus, Metadata, Ovms, Tensor, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let account = Ovms::from_env()?;
    let backend = Backend::from(account.clone());
    for (name, model) in backend.ask(ConfigStatus).await? {
        let versions = model.versions.iter();
        let versions: Vec<_> = versions
            .map(|one| format!("{} {}", one.version, one.state))
            .collect();
        println!("{name}: {}", versions.join(", "));
    }
    // Metrics may be turned off.
    if let Ok(Reply::Load(load)) = backend.call(Call::new(Op::Load(Default::default()))).await {
        println!("{} requests are there", load.requests());
    }

    let mut names = std::env::args().skip(1);
    if let Some(name) = names.next() {
        let metadata = backend.ask(Metadata::of(&name)).await?;
        let Some(input) = metadata.inputs.first() else {
            println!("{name} says nothing of what it takes");
            return Ok(());
        };
        let shape: Vec<u64> = input
            .shape
            .iter()
            .map(|length| u64::try_from(*length).unwrap_or(1))
            .collect();
        let zeros =
            vec![0.0_f32; usize::try_from(shape.iter().product::<u64>()).unwrap_or_default()];
        let request = InferRequest::new([Tensor::of(&input.name, shape, &zeros)?]);
        metadata.check(&request)?;
        // By name they come as bytes.
        let outputs = metadata.outputs.iter().map(|output| output.name.as_str());
        let request = outputs.fold(request, InferRequest::output);
        for output in account.model(&name).infer_request(request).await?.outputs {
            println!(
                "{}: {} of shape {:?}",
                output.name(),
                output.data_type(),
                output.shape()
            );
        }
    }
    if let Some(name) = names.next() {
        let mut words = account
            .model(&name)
            .chat("Why is the sky blue?")
            .stream()
            .await?
            .text();
        while let Some(word) = words.try_next().await? {
            print!("{word}");
        }
        println!();
    }
    Ok(())
}

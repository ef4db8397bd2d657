//! KServe v2: what a server is and has, and a tensor through one of its models, as bytes.
//!
//! `KSERVE_BASE_URL=http://127.0.0.1:8000 cargo run --example kserve -- MODEL`, with Triton, MLServer or
//! another server of the Open Inference Protocol there. The model may take any one tensor of floats.

use trunkline_kserve::{Encoding, Kserve, Metadata, Options, Server, Tensor, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let account = Kserve::from_env()?;
    let backend = Backend::from(account.clone());
    let server = backend.ask(Server).await?;
    println!("{} {}", server.name, server.version);
    for model in backend.models().await? {
        println!("- {}", model.id);
    }

    let Some(name) = std::env::args().nth(1) else {
        return Ok(());
    };
    let metadata = backend.ask(Metadata::of(&name)).await?;
    let Some(input) = metadata.inputs.first() else {
        println!("{name} says nothing of what it takes");
        return Ok(());
    };
    // Three where any length will do.
    let shape: Vec<u64> = input
        .shape
        .iter()
        .map(|length| u64::try_from(*length).unwrap_or(3))
        .collect();
    let count = shape.iter().product::<u64>();
    let numbers: Vec<f32> = (0..count).map(|at| at as f32 / 2.0).collect();

    // Servers that have the extension take bytes, which is exact and quick; all take JSON.
    let encoding = match server.has("binary_tensor_data") {
        true => Encoding::Binary,
        false => Encoding::Auto,
    };
    let request = InferRequest::new([Tensor::of(&input.name, shape, &numbers)?])
        .option(Options::new().encoding(encoding));
    metadata.check(&request)?;
    let answer = account.model(&name).infer_request(request).await?;
    for output in &answer.outputs {
        println!(
            "{}: {} of shape {:?}",
            output.name(),
            output.data_type(),
            output.shape()
        );
        if let Ok(numbers) = output.to_vec::<f32>() {
            println!("{numbers:?}");
        }
    }
    Ok(())
}

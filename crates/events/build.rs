//! Compiles the schemas in `proto-schemas/` without needing `protoc`.

use std::path::Path;

const SCHEMAS: &str = "../../proto-schemas";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed={SCHEMAS}");
    let root = Path::new(SCHEMAS);
    let descriptors = protox::compile([root.join("dealwire/events/v1/event.proto")], [root])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}

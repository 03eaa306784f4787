//! The C cases of `programs/views`: each alone, each program as a whole on two CPUs, and as a dynamic PIE.

use std::path::Path;
use std::process::ExitCode;

use differential_tests::suite::Suite;

fn main() -> anyhow::Result<ExitCode> {
    let mut suite = Suite::default();
    suite.add_programs("views", Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    Ok(suite.run())
}

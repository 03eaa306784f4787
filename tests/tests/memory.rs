//! The C cases of `programs/memory`: each alone, each program as a whole on two CPUs, and as a dynamic PIE.

use std::path::Path;
use std::process::ExitCode;

use differential_tests::cases::{individually, whole};
use differential_tests::cpus::Placement;
use differential_tests::programs::Flavour;
use differential_tests::suite::Suite;

fn main() -> anyhow::Result<ExitCode> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut suite = Suite::default();
    for case in individually("memory", Flavour::Static, folder)? {
        suite.add(case, Placement::OneCpu);
    }
    for case in whole("memory", Flavour::Static, folder)? {
        suite.add(case, Placement::TwoCpus);
    }
    for case in whole("memory", Flavour::DynamicPie, folder)? {
        suite.add(case, Placement::OneCpu);
    }
    Ok(suite.run())
}

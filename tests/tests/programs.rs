//! Real invocations of the programs of a Debian system, on one CPU and on two.

use std::process::ExitCode;

use differential_tests::cases;
use differential_tests::suite::Suite;

fn main() -> ExitCode {
    let mut suite = Suite::default();
    suite.add_all(cases::all());
    eprintln!("skipped: ring0 mode on hardware KVM, which needs QEMU; run it with: cargo xtask class-h");
    suite.run()
}

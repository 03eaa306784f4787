//! Programs that `cargo xtask install-programs` brings. `cargo test` leaves them out unless they are named: `--test installed`,
//! and those that take minutes unless the variable `LONG` is set.

use std::path::Path;
use std::process::ExitCode;

use differential_tests::installed;
use differential_tests::suite::Suite;

fn main() -> ExitCode {
    let mut suite = Suite::default();
    let rust_program = Path::new(env!("CARGO_BIN_EXE_many-threads"));
    for (case, placement) in installed::all(Path::new(env!("CARGO_TARGET_TMPDIR")), rust_program) {
        suite.add(case, placement);
    }
    suite.run()
}

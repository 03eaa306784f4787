//! Programs that a base system has not: servers, language runtimes, message passing, editors, Python's own regression tests.
//!
//! `cargo xtask install-programs` brings them. They are a list of their own because they take minutes where the others take
//! seconds, and because some need a second party: a client on the host, or somebody who types. What they run is in the
//! folder `installed` of this package; a script there that ends in `.sh` drives the program, whose command line it gets
//! as its arguments, so that one script serves both sides.

mod databases;
mod languages;
mod parallel;
mod regression;
mod servers;
mod terminals;

use std::path::Path;

use crate::case::Case;
use crate::cpus::Placement;

/// Every case and how many CPUs it gets. Whatever the cases need to be built is kept in `scratch`; `rust_program` is the
/// one of this package.
#[must_use]
pub fn all(scratch: &Path, rust_program: &Path) -> Vec<(Case, Placement)> {
    let beside = [servers::cases(), databases::cases(), terminals::cases(), regression::cases()].concat();
    let alone = [languages::cases(scratch, rust_program), parallel::cases()].concat();
    let beside = beside.into_iter().map(|case| (case, Placement::OneCpu));
    beside.chain(alone.into_iter().map(|case| (case, Placement::TwoCpus))).collect()
}

/// The line of a set-up script that brings `files` of the folder `installed`.
fn bring(files: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("installed");
    format!("cd '{}'; cp {files} \"$OLDPWD\"; cd \"$OLDPWD\"\n", folder.display())
}

/// Has the script `driver` of the folder `installed` run the case's program and whatever is beside it.
fn driven(case: Case, driver: &str) -> Case {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("installed").join(driver);
    case.prelude(&format!("set -- /bin/sh '{}' \"$@\"", path.display()))
}

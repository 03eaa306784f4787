//! The checks that need no run of the product: format, clippy, and the rules of the source tree.

mod source;

use anyhow::Result;

use crate::workspace::{self, Workspace};

/// Lints that hold in both workspaces whatever a crate's own table says.
const EVERYWHERE: [&str; 4] = ["-D", "warnings", "-D", "clippy::undocumented_unsafe_blocks"];

/// Runs every check; the first that fails is named.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    source::check(workspace)?;
    let lwk = workspace.lwk();
    workspace::run(&mut workspace.cargo(["fmt", "--all", "--check"]))?;
    workspace::run(&mut workspace.cargo_in(&lwk, ["fmt", "--check"]))?;
    let fuzz = ["fmt", "--manifest-path", "host-agent/fuzz/Cargo.toml", "--check"];
    workspace::run(&mut workspace.cargo(fuzz))?;
    let host = ["clippy", "--workspace", "--all-targets", "--"];
    workspace::run(workspace.cargo(host).args(EVERYWHERE))?;
    let bare = ["clippy", "--target", "x86_64-unknown-none", "--"];
    workspace::run(workspace.cargo_in(&lwk, bare).args(EVERYWHERE))
}

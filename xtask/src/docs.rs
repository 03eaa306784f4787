//! The documentation builds without a warning: a broken link in it is a defect like any other.

use anyhow::Result;

use crate::workspace::{self, Workspace};

/// Builds the documentation of the host's crates, then of the LWK for its bare target.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut host = workspace.cargo(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    workspace::run(host.env("RUSTDOCFLAGS", "-D warnings"))?;
    let lwk = ["doc", "--no-deps", "--document-private-items", "--target", "x86_64-unknown-none"];
    workspace::run(workspace.cargo_in(&workspace.lwk(), lwk).env("RUSTDOCFLAGS", "-D warnings"))
}

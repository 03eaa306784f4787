//! The ring under loom, which runs a test once for every order in which two sides may see each other's writes.

use anyhow::Result;

use crate::workspace::{self, Workspace};

/// Runs the loom tests. They need every crate built with `--cfg loom`, hence a target folder of their own.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut test = workspace.cargo(["test", "-p", "virtio-ikc", "--test", "loom_ring", "--release"]);
    test.env("RUSTFLAGS", "--cfg loom").env("CARGO_TARGET_DIR", workspace.target.join("loom"));
    workspace::run(&mut test)
}

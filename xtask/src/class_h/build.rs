//! What is taken along to the emulated host, built so that it needs no libraries there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::{self, Workspace};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds lwk-vmm as a static executable in a target folder of its own, and gives its path.
///
/// The flag is set for the target alone, so that build scripts and the LWK's bare target do not see it.
pub(super) fn lwk_vmm(workspace: &Workspace, target: &Path) -> Result<PathBuf> {
    let mut build = workspace.cargo(["build", "--release", "-p", "lwk-vmm", "--bin", "lwk-vmm", "--target", TARGET]);
    build.env("CARGO_TARGET_DIR", target);
    build.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-C target-feature=+crt-static");
    build.env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    workspace::run(&mut build)?;
    Ok(target.join(TARGET).join("release/lwk-vmm"))
}

/// Builds the static test programs into `folder`, with the list of cases beside them, and gives the folder.
pub(super) fn programs(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let build = ["run", "--release", "-p", "differential-tests", "--bin", "build-programs", "--"];
    workspace::run(workspace.cargo(build).arg(folder)).context("cannot build the test programs")?;
    Ok(folder.to_path_buf())
}

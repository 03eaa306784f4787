//! Finds the `lwk-vmm` under test.
//!
//! Cargo hands the path of an executable to the tests of its own package only; this package builds it as a user
//! would. `LWK_VMM` names another executable, such as an installed one or `pass-through`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// The executable, built if need be; the build is done once per test process.
///
/// # Errors
/// What went wrong with the build, for each caller anew.
pub fn executable() -> Result<&'static Path, &'static str> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND
        .get_or_init(|| find().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map(PathBuf::as_path)
        .map_err(String::as_str)
}

fn find() -> Result<PathBuf> {
    match std::env::var_os("LWK_VMM") {
        Some(path) => std::fs::canonicalize(&path).with_context(|| format!("LWK_VMM={}", path.display())),
        None => build(),
    }
}

fn build() -> Result<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "lwk-vmm", "--bin", "lwk-vmm"])
        .args(["--quiet", "--message-format", "json-render-diagnostics"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .stderr(Stdio::inherit())
        .output()
        .context("cargo does not start")?;
    if !output.status.success() {
        bail!("lwk-vmm does not build: {}", output.status);
    }
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages.lines().filter_map(executable_of).next_back();
    executable.context("cargo built lwk-vmm without saying where")
}

fn executable_of(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

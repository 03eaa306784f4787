//! Finds the two programs of a comparison and the folder for its results.
//!
//! Under `cargo run` both are brought up to date first, in release: a figure of yesterday's build is worse than none.
//! Where there is no cargo, they stand beside this executable. `BENCH_LWK_VMM` names another lwk-vmm, such as an
//! installed one, which is then taken as it is.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Variables that `cargo run` leaves and that would make a second cargo build everything anew.
const LEFT_BY_CARGO: [&str; 4] = ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"];

/// Where things are.
pub(crate) struct Programs {
    /// lwk-vmm.
    pub(crate) lwk_vmm: PathBuf,
    /// bench-guest.
    pub(crate) guest: PathBuf,
    /// The folder for results, which exists.
    pub(crate) folder: PathBuf,
}

impl Programs {
    /// Finds them, built if need be.
    pub(crate) fn find() -> Result<Self> {
        let here = env::current_exe().context("where is this executable?")?;
        let here = here.parent().context("this executable is in no folder")?;
        let folder = here.parent().unwrap_or(here).join("bench");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let lwk_vmm = match env::var_os("BENCH_LWK_VMM") {
            Some(path) => fs::canonicalize(&path).with_context(|| format!("BENCH_LWK_VMM={}", path.display()))?,
            None => sibling_or_built(here, "lwk-vmm", "lwk-vmm")?,
        };
        let guest = sibling_or_built(here, "bench", "bench-guest")?;
        Ok(Self { lwk_vmm, guest, folder })
    }
}

fn sibling_or_built(folder: &Path, package: &str, name: &str) -> Result<PathBuf> {
    let sibling = folder.join(name);
    match env::var_os("CARGO") {
        None if sibling.exists() => Ok(sibling),
        cargo => build(cargo.unwrap_or_else(|| "cargo".into()), package, name),
    }
}

fn build(cargo: OsString, package: &str, name: &str) -> Result<PathBuf> {
    eprintln!("building {name}");
    let mut command = Command::new(cargo);
    command
        .args(["build", "--release", "--package", package, "--bin", name])
        .args(["--quiet", "--message-format", "json-render-diagnostics"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .stderr(Stdio::inherit());
    for variable in LEFT_BY_CARGO {
        command.env_remove(variable);
    }
    let output = command.output().with_context(|| format!("{name} is missing, and there is no cargo to build it"))?;
    ensure!(output.status.success(), "{name} does not build: {}", output.status);
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages.lines().filter_map(executable_of).next_back();
    executable.with_context(|| format!("cargo built {name} without saying where"))
}

fn executable_of(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_taken_from_cargos_messages() {
        let artifact = r#"{"reason":"compiler-artifact","executable":"/t/release/lwk-vmm"}"#;
        assert_eq!(executable_of(artifact), Some(PathBuf::from("/t/release/lwk-vmm")));
        assert_eq!(executable_of(r#"{"reason":"compiler-artifact","executable":null}"#), None);
        assert_eq!(executable_of("not json"), None);
    }
}

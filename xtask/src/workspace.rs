//! Where things are, and how other programs are run.
//!
//! Commands inherit this process's environment, in which `cargo run` left variables of its own. Those that would change
//! what a second cargo does are taken away, so that `cargo xtask lint` and the same commands typed by hand agree.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A checkout of the project.
pub(crate) struct Workspace {
    /// The folder with the workspace's Cargo.toml.
    pub(crate) root: PathBuf,
    /// The folder cargo builds in: `CARGO_TARGET_DIR`, or `target` in the root.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The checkout this program was built from.
    pub(crate) fn find() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().unwrap_or(manifest).to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Self { root, target }
    }

    /// The folder of the LWK's own workspace, which is built for the bare target.
    pub(crate) fn lwk(&self) -> PathBuf {
        self.root.join("guest-lwk")
    }

    /// A cargo command in the root.
    pub(crate) fn cargo<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        self.cargo_in(&self.root, arguments)
    }

    /// A cargo command in another folder, where that folder's `.cargo/config.toml` counts.
    pub(crate) fn cargo_in<I: AsRef<OsStr>>(&self, folder: &Path, arguments: impl IntoIterator<Item = I>) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(folder).args(arguments).env("CARGO_TARGET_DIR", &self.target);
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
            command.env_remove(name);
        }
        command
    }
}

/// Prints the command, runs it with its output passed through, and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    eprintln!("+ {}", display(command));
    let status = command.status().with_context(|| format!("cannot start {}", program(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", display(command));
    }
    Ok(())
}

/// Runs the command and gives what it wrote to stdout; its stderr is passed through.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {}", program(command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", display(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no UTF-8", program(command)))
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The command as one would type it: environment first, the program by its name only.
fn display(command: &Command) -> String {
    let settings = command.get_envs().filter_map(|(name, value)| {
        let shown = ["RUSTFLAGS", "RUSTDOCFLAGS"].map(OsStr::new).contains(&name);
        Some(format!("{}=\"{}\"", name.to_string_lossy(), value.filter(|_| shown)?.to_string_lossy()))
    });
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args()).map(|word| word.to_string_lossy().into_owned());
    settings.chain(words).collect::<Vec<_>>().join(" ")
}

//! What the emulated host finds in its root file system: KVM, lwk-vmm, the programs, and a script that says what to do.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::initramfs::Initramfs;
use super::options::Options;
use super::{build, cases};
use crate::workspace::Workspace;

/// Runs the cases on the emulated host.
const CASES_SCRIPT: &str = include_str!("../../class-h/cases.sh");

/// Everything the emulated host has in its root file system.
pub(super) fn pack(
    workspace: &Workspace,
    options: &Options,
    folder: &Path,
    modules: &[PathBuf],
    cases: &str,
) -> Result<Initramfs> {
    let mut root = Initramfs::new(folder.join("root"))?;
    for module in modules {
        root.file(module, "class-h")?;
    }
    let lwk_vmm = match &options.lwk_vmm {
        Some(file) => file.clone(),
        None => build::lwk_vmm(workspace, &folder.join("build"))?,
    };
    root.file_as(&lwk_vmm, "lwk-vmm")?;
    root.link("/lwk-vmm", "bin/lwk-vmm")?;
    for file in &options.file {
        root.file(file, "files")?;
    }
    if !options.no_programs {
        root.folder(&programs(workspace, options, folder)?, "class-h/programs")?;
        root.text("class-h/cases.txt", cases)?;
    }
    root.text("class-h/cases.sh", CASES_SCRIPT)?;
    root.text("class-h/job", &job(options))?;
    Ok(root)
}

/// The folder of the test programs, built if none was named.
fn programs(workspace: &Workspace, options: &Options, folder: &Path) -> Result<PathBuf> {
    match &options.programs {
        Some(programs) => Ok(programs.clone()),
        None => build::programs(workspace, &folder.join("programs")),
    }
}

/// The cases to run, one a line.
pub(super) fn cases(workspace: &Workspace, options: &Options, folder: &Path) -> Result<String> {
    if options.no_programs {
        return Ok(String::new());
    }
    let list = match &options.list {
        Some(list) => list.clone(),
        None => programs(workspace, options, folder)?.join("cases.txt"),
    };
    let text = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let chosen = cases::choose(&text, options.most);
    if chosen.is_empty() {
        bail!("{} has no cases", list.display());
    }
    Ok(chosen)
}

/// The script that the emulated host's first process runs.
fn job(options: &Options) -> String {
    match &options.shell_command {
        Some(command) => format!("cd /tmp\n{command}\n"),
        None => format!("exec sh /class-h/cases.sh {} {}\n", options.case_timeout, options.cpus.join(" ")),
    }
}

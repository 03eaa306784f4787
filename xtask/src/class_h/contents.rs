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
pub(super) fn pack(workspace: &Workspace, options: &Options, folder: &Path, modules: &[PathBuf]) -> Result<Initramfs> {
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
        programs(workspace, options, folder, &mut root)?;
    }
    root.text("class-h/cases.sh", CASES_SCRIPT)?;
    root.text("class-h/job", &job(options))?;
    Ok(root)
}

/// The test programs and the list of cases.
fn programs(workspace: &Workspace, options: &Options, folder: &Path, root: &mut Initramfs) -> Result<()> {
    let programs = match &options.programs {
        Some(programs) => programs.clone(),
        None => build::programs(workspace, &folder.join("programs"))?,
    };
    root.folder(&programs, "class-h/programs")?;
    let list = options.list.clone().unwrap_or_else(|| programs.join("cases.txt"));
    let text = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let chosen = cases::choose(&text, options.most);
    if chosen.is_empty() {
        bail!("{} has no cases", list.display());
    }
    root.text("class-h/cases.txt", &chosen)
}

/// The script that the emulated host's first process runs.
fn job(options: &Options) -> String {
    match &options.shell_command {
        Some(command) => format!("cd /tmp\n{command}\n"),
        None => format!("exec sh /class-h/cases.sh {} {}\n", options.case_timeout, options.cpus.join(" ")),
    }
}

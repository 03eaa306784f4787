//! The hardware-KVM stage: ring0 mode on a host that has SVM.
//!
//! Class H hosts (hardware KVM) are rare where this project is built, but QEMU's TCG emulates AMD SVM on any machine. So
//! the stage boots Debian's cloud kernel under TCG with KVM loaded and lwk-vmm in its initramfs, and there runs each
//! test program twice: natively, which is the oracle, and in a partition in ring0 mode. It is about semantics; times measured
//! in there mean nothing.

mod build;
mod cases;
mod contents;
mod initramfs;
mod kernel;
mod machine;
mod options;
mod report;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use machine::Machine;
pub(crate) use options::Options;
use report::Report;

/// Fewer cases than this mean that something was left out by mistake.
const LEAST_CASES: usize = 40;

/// Builds what is needed, boots the emulated host, runs the cases or the command there and judges the outcome.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let began = Instant::now();
    let folder = workspace.target.join("class-h");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let kernel = kernel::fetch(&folder.join("kernel"))?;
    let image = folder.join("initramfs.cpio");
    contents::pack(workspace, options, &folder, &kernel.modules)?.write(&image)?;
    let prepared = began.elapsed();
    let machine = Machine {
        kernel: kernel.image,
        initramfs: image,
        console: folder.join("console.log"),
        cpus: options.machine_cpus,
        memory_mib: options.machine_memory,
        silence: Duration::from_secs(options.case_timeout * 2 + 30),
        limit: Duration::from_secs(options.timeout),
    };
    let booted = Instant::now();
    let mut report = Report::default();
    let ended = machine.boot(|line| report.take(line));
    let console = fs::read_to_string(&machine.console).unwrap_or_default();
    if options.console {
        println!("{console}");
    }
    println!("class H: prepared in {:.1?}, emulated host ran for {:.1?}", prepared, booted.elapsed());
    let survived = ended.and_then(|()| report.survived(&console));
    if survived.is_err() && !options.console {
        eprintln!("{}", machine::last_lines(&console));
    }
    survived?;
    if options.shell_command.is_some() {
        return report.command_succeeded();
    }
    let least = if options.list.is_some() { 1 } else { LEAST_CASES };
    report.judge(options.cpus.len(), least)
}

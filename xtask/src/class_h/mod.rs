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
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use kernel::Kernel;
use machine::Machine;
pub(crate) use options::Options;
use report::Report;

/// Fewer cases than this mean that something was left out by mistake.
const LEAST_CASES: usize = 40;

/// Cases that one boot of the emulated host runs. A few, because the emulated host locks up now and then.
const CASES_A_BOOT: usize = 10;
/// How often a host that locks up is booted for the same cases.
const TRIES: usize = 3;

/// Builds what is needed, boots the emulated host, runs the cases or the command there and judges the outcome.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let folder = workspace.target.join("class-h");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let kernel = kernel::fetch(&folder.join("kernel"))?;
    let cases = contents::cases(workspace, options, &folder)?;
    let cases: Vec<&str> = cases.lines().collect();
    let mut whole = Report::default();
    if cases.is_empty() {
        whole = boot(workspace, options, &folder, &kernel, "")?;
    }
    for some in cases.chunks(CASES_A_BOOT) {
        whole.add(boot_until_it_lives(workspace, options, &folder, &kernel, &(some.join("\n") + "\n"))?);
    }
    if options.shell_command.is_some() {
        return whole.command_succeeded();
    }
    let least = if options.list.is_some() { 1 } else { LEAST_CASES };
    whole.judge(options.cpus.len(), least)
}

/// Boots for `cases`, again if the emulated host itself locks up; a case that does that each time fails the stage.
fn boot_until_it_lives(
    workspace: &Workspace,
    options: &Options,
    folder: &Path,
    kernel: &Kernel,
    cases: &str,
) -> Result<Report> {
    for number in 1..TRIES {
        match boot(workspace, options, folder, kernel, cases) {
            Ok(report) => return Ok(report),
            Err(error) => println!("class H: {error:#}; boot {number} of {TRIES} for these cases is given up"),
        }
    }
    boot(workspace, options, folder, kernel, cases)
}

fn boot(workspace: &Workspace, options: &Options, folder: &Path, kernel: &Kernel, cases: &str) -> Result<Report> {
    let began = Instant::now();
    let image = folder.join("initramfs.cpio");
    contents::pack(workspace, options, folder, &kernel.modules, cases)?.write(&image)?;
    let prepared = began.elapsed();
    let machine = Machine {
        kernel: kernel.image.clone(),
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
    Ok(report)
}

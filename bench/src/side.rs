//! The two sides of a comparison: how a program is started on each.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use bench::catalogue::{Benchmark, Method};
use tempfile::NamedTempFile;

use crate::affinity::Pinned;
use crate::backing::Backing;
use crate::child;
use crate::figure::Figure;
use crate::programs::Programs;
use crate::turn::Turn;

/// Memory of a partition that runs `bench-guest`, which needs a little over 1 GiB.
pub(crate) const MEMORY: &str = "2G";
/// Memory of a partition that runs /bin/true.
const SMALL_MEMORY: &str = "256M";
/// Bytes of the file for file calls; `bench-guest` says what it needs.
const FILE_SIZE: usize = 64 << 20;
const TRUE: &str = "/bin/true";

/// Who runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Linux itself.
    Native,
    /// The LWK in a partition.
    Lwk,
}

/// All that is needed to run programs on either side.
pub(crate) struct Sides<'a> {
    programs: &'a Programs,
    cpu: usize,
    quick: bool,
    /// Deleted with this value, or left in target/ by a run that is killed.
    file: NamedTempFile,
}

impl<'a> Sides<'a> {
    /// Both on this CPU. Writes the file for file calls, which leaves it in the page cache.
    pub(crate) fn new(programs: &'a Programs, cpu: usize, quick: bool) -> Result<Self> {
        let folder = &programs.folder;
        let mut file = NamedTempFile::with_prefix_in("data", folder)
            .with_context(|| format!("cannot make a file in {}", folder.display()))?;
        let content: Vec<u8> = (0..FILE_SIZE).map(|at| (at % 251).to_le_bytes()[0]).collect();
        file.write_all(&content).with_context(|| format!("cannot write {}", file.path().display()))?;
        Ok(Self { programs, cpu, quick, file })
    }

    /// Runs one short benchmark on the LWK, to fail early if it cannot run here, and looks at the partition's pages.
    pub(crate) fn try_out(&self) -> Result<Backing> {
        let _turn = Turn::wait()?;
        let mut backing = None;
        let run = child::run(self.guest(Side::Lwk, "getppid").arg("--quick"), |pid| {
            backing = Backing::of_process(pid).ok();
        })?;
        for warning in run.messages.lines() {
            eprintln!("{warning}");
        }
        backing.context("the first partition ended before its memory could be looked at")
    }

    /// Measures a benchmark on one side.
    pub(crate) fn measure(&self, side: Side, benchmark: &Benchmark) -> Result<Figure> {
        let _turn = Turn::wait()?;
        let _pinned = self.pinned(side)?;
        if benchmark.method == Method::Start {
            return self.starts(side);
        }
        let mut command = self.guest(side, benchmark.name);
        if self.quick {
            command.arg("--quick");
        }
        Figure::of_report(child::run(&mut command, |_| ())?.report)
    }

    /// Starts /bin/true several times.
    fn starts(&self, side: Side) -> Result<Figure> {
        let times = (0..if self.quick { 3 } else { 10 }).map(|_| {
            let took = child::time(&mut self.command(side, SMALL_MEMORY, TRUE.as_ref()))?;
            Ok(took.as_secs_f64() * 1e9)
        });
        Figure::of_times(times.collect::<Result<_>>()?)
    }

    fn guest(&self, side: Side, name: &str) -> Command {
        let mut command = self.command(side, MEMORY, self.programs.guest.as_os_str());
        command.arg(name).arg(self.file.path());
        command
    }

    fn command(&self, side: Side, memory: &str, program: &OsStr) -> Command {
        match side {
            Side::Native => Command::new(program),
            Side::Lwk => lwk(&self.programs.lwk_vmm, self.cpu, memory, program),
        }
    }

    fn pinned(&self, side: Side) -> Result<Option<Pinned>> {
        match side {
            Side::Native => Ok(Some(Pinned::to(self.cpu).with_context(|| format!("cannot use CPU {}", self.cpu))?)),
            Side::Lwk => Ok(None),
        }
    }
}

fn lwk(lwk_vmm: &Path, cpu: usize, memory: &str, program: &OsStr) -> Command {
    let mut command = Command::new(lwk_vmm);
    command.args(["--cpus", &cpu.to_string(), "--mem", memory, "--"]).arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lwk_side_gets_the_cpu_and_the_memory_and_ends_its_options() {
        let command = lwk(Path::new("lwk-vmm"), 3, "256M", TRUE.as_ref());
        assert_eq!(child::display(&command), "lwk-vmm --cpus 3 --mem 256M -- /bin/true");
    }
}

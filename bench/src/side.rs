//! The two sides of a comparison: how a program is started on each.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use bench::catalogue::{self, Benchmark, Kind, Method};

use crate::affinity::{self, Pinned};
use crate::backing::Backing;
use crate::figure::Figure;
use crate::programs::Programs;
use crate::turn::Turn;
use crate::whole::{self, Preparation};
use crate::workplace::Workplace;
use crate::{cache, child, footprint, redis, start};

/// Memory of a partition that runs /bin/true.
const SMALL_MEMORY: &str = "256M";
/// GiB of any other partition, unless its caches are very large: `bench-guest` reads at random over 1 GiB.
const LEAST_MEMORY: usize = 2;
/// Times the last-level cache that a program uses, of which the triad's arrays are twelve.
const CACHES: usize = 14;
/// Runs for a median, and for a hurried one.
const STARTS: [usize; 2] = [10, 3];

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
    /// The CPU of benchmarks that have one comes first.
    cpus: Vec<usize>,
    quick: bool,
    place: Workplace,
    cache: usize,
}

impl<'a> Sides<'a> {
    /// Both on this CPU, and on one more where two are asked for. Makes the files that are read and written.
    pub(crate) fn new(programs: &'a Programs, cpu: usize, quick: bool) -> Result<Self> {
        let mut cpus = affinity::usable()?;
        cpus.sort_by_key(|other| other.abs_diff(cpu));
        let place = Workplace::new(&programs.folder)?;
        Ok(Self { programs, cpus, quick, place, cache: cache::last_level(cpu) })
    }

    /// The CPU on which benchmarks run that have one.
    pub(crate) fn cpu(&self) -> usize {
        self.cpus[0]
    }

    /// Memory of a partition, as given to lwk-vmm.
    pub(crate) fn memory(&self) -> String {
        format!("{}G", LEAST_MEMORY.max((CACHES * self.cache).div_ceil(1 << 30)))
    }

    /// Runs one short benchmark on the LWK, to fail early if it cannot run here, and looks at the partition's pages.
    pub(crate) fn try_out(&self) -> Result<Backing> {
        let _turn = Turn::wait()?;
        let mut backing = None;
        let benchmark = catalogue::find("getppid").context("there is no benchmark getppid")?;
        let run = child::run(&mut self.guest(Side::Lwk, benchmark, &[]), benchmark.limit, |pid| {
            backing = Backing::of_process(pid).ok();
        })?;
        for warning in run.messages.lines() {
            eprintln!("{warning}");
        }
        backing.context("the first partition ended before its memory could be looked at")
    }

    /// What else has to stand on the command line of `bench-guest`, once all that a benchmark needs is made.
    pub(crate) fn prepare(&self, benchmark: &Benchmark) -> Result<Preparation> {
        if benchmark.cpus > self.cpus.len() {
            return Ok(Preparation::missing(format!("it needs {} CPUs", benchmark.cpus)));
        }
        match benchmark.method {
            Method::Guest(Kind::Program(program)) => whole::prepare(program, self.place.disk()),
            Method::Redis => Ok(redis::prepare()),
            _ => Ok(Preparation::Ready(Vec::new())),
        }
    }

    /// Measures a benchmark on one side, with what [`Self::prepare`] gave.
    pub(crate) fn measure(&self, side: Side, benchmark: &Benchmark, words: &[OsString]) -> Result<Figure> {
        let _turn = Turn::wait()?;
        let pinned = self.pinned(side, benchmark)?;
        match benchmark.method {
            Method::Start => {
                let true_ = || self.command(side, benchmark, SMALL_MEMORY, "/bin/true".as_ref());
                let times = (0..STARTS[usize::from(self.quick)]).map(|_| start::time(&mut true_(), benchmark.limit));
                Figure::of_outside(times.collect::<Result<_>>()?)
            }
            Method::Footprint => {
                let mut sleep = self.command(side, benchmark, SMALL_MEMORY, "/bin/sleep".as_ref());
                let bytes =
                    footprint::measure(sleep.arg((2 * benchmark.limit).as_secs().to_string()), benchmark.limit)?;
                Figure::of_outside(vec![bytes])
            }
            Method::Redis => {
                let server = self.command(side, benchmark, &self.memory(), redis::SERVER.as_ref());
                let server = redis::Server::start(server, self.place.tmpfs(), benchmark.limit)?;
                drop(pinned);
                Figure::of_outside(server.ask(&self.cpus[1..], self.quick)?)
            }
            Method::Guest(_) => {
                let mut guest = self.guest(side, benchmark, words);
                Figure::of_report(child::run(&mut guest, benchmark.limit, |_| ())?.report)
            }
        }
    }

    fn guest(&self, side: Side, benchmark: &Benchmark, words: &[OsString]) -> Command {
        let mut command = self.command(side, benchmark, &self.memory(), self.programs.guest.as_os_str());
        command.arg(benchmark.name).arg("--disk").arg(self.place.disk()).arg("--tmpfs").arg(self.place.tmpfs());
        command.args(["--cache", &self.cache.to_string()]);
        command.args(self.quick.then_some("--quick")).args(words);
        command
    }

    fn command(&self, side: Side, benchmark: &Benchmark, memory: &str, program: &OsStr) -> Command {
        match side {
            Side::Native => Command::new(program),
            Side::Lwk => lwk(&self.programs.lwk_vmm, &self.cpus[..benchmark.cpus], memory, program),
        }
    }

    fn pinned(&self, side: Side, benchmark: &Benchmark) -> Result<Option<Pinned>> {
        let cpus = &self.cpus[..benchmark.cpus];
        match side {
            Side::Native => Ok(Some(Pinned::to(cpus).with_context(|| format!("cannot use CPUs {cpus:?}"))?)),
            Side::Lwk => Ok(None),
        }
    }
}

fn lwk(lwk_vmm: &Path, cpus: &[usize], memory: &str, program: &OsStr) -> Command {
    let cpus: Vec<String> = cpus.iter().map(ToString::to_string).collect();
    let mut command = Command::new(lwk_vmm);
    command.args(["--cpus", &cpus.join(","), "--mem", memory, "--"]).arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lwk_side_gets_the_cpus_and_the_memory_and_ends_its_options() {
        let command = lwk(Path::new("lwk-vmm"), &[3, 2], "256M", "/bin/true".as_ref());
        assert_eq!(child::display(&command), "lwk-vmm --cpus 3,2 --mem 256M -- /bin/true");
    }
}

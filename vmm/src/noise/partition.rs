//! A slice on the LWK: the measured program runs in a partition.
//!
//! The partition is another process, so that nothing of a run (threads, signals, affinity) stays with the measurement. It
//! watches itself, because only it knows its vCPUs' exits, and adds what it counted to what the program wrote.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::io::stdout;
use std::process::{self, Stdio};
use std::sync::Arc;

use rustix::process::getpid;

use super::order::PartitionOrder;
use super::plan::{Plan, Side};
use super::slice::{self, Slice};
use super::watch::{Subject, Watcher};
use super::{NoiseError, order, record};
use crate::cli::{self, Command, Options};
use crate::vm::Watch;

/// Bytes that the measured program needs beside its marks.
const MEMORY: u64 = 256 << 20;
/// Marks are copied once for writing, and a vector may be as large again.
const COPIES: u64 = 3;
/// The unit of a partition's memory.
const LARGE_PAGE: u64 = 2 << 20;

/// Measures a slice.
pub(super) fn slice(plan: &Plan, said: &mut BTreeSet<String>) -> Result<Slice, NoiseError> {
    let side = Side::Lwk;
    let numbers = (0..).zip(plan.cpus.as_slice()).map(|(number, _)| number);
    let order = PartitionOrder {
        parent: getpid().as_raw_nonzero().get(),
        cpus: plan.cpus.to_string(),
        memory: (MEMORY + COPIES * plan.bytes()).next_multiple_of(LARGE_PAGE),
        sample: plan.order(None, numbers.collect()),
    };
    let mut command = slice::ourselves("__noise-partition", &order::write(&order)?);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| NoiseError::System { what: "start a partition", source })?;
    let answer = slice::answer(side, &output, said)?;
    let missing = || NoiseError::Answer { side: side.name(), text: "it does not say what it saw".to_owned() };
    Ok(Slice { side, marks: answer.marks, watched: answer.watched.ok_or_else(missing)? })
}

/// The partition's process: runs the program and watches it.
pub(super) fn run(text: &str) -> Result<u8, NoiseError> {
    let order: PartitionOrder = order::read(text)?;
    slice::end_with(order.parent)?;
    let watch = Arc::new(Watch::default());
    let mut options = options(&order)?;
    options.watch = Some(Arc::clone(&watch));
    let cpus: Vec<u32> = options.cpus.iter().flat_map(|cpus| cpus.as_slice().to_vec()).collect();
    let subject = |(index, cpu): (usize, &u32)| {
        Subject::new(*cpu, process::id(), format!("vcpu{index}")).with_vcpu(Arc::clone(&watch), index)
    };
    let watcher = Watcher::start(cpus.iter().enumerate().map(subject).collect(), &cpus)?;
    let status = crate::run::run(&options);
    let mut seen = watcher.finish();
    seen.exits = watch.exits();
    if status == 0 {
        let written = record::write_watched(&mut stdout().lock(), seen);
        written.map_err(|source| NoiseError::System { what: "write the results", source })?;
    }
    Ok(status)
}

/// The options of a run of the measured program, as if they had been typed.
fn options(order: &PartitionOrder) -> Result<Options, NoiseError> {
    let program = env::current_exe().map_err(|source| NoiseError::System { what: "find this executable", source })?;
    let memory = order.memory.to_string();
    let head = ["lwk-vmm", "--cpus", &order.cpus, "--mem", &memory, "--"].map(OsString::from);
    let tail = ["__noise-sample".into(), order::write(&order.sample)?.into()];
    match cli::parse(head.into_iter().chain([program.into_os_string()]).chain(tail)) {
        Ok(Command::Run(options)) => Ok(*options),
        Ok(_) => Err(NoiseError::Order("it names no program".to_owned())),
        Err(error) => Err(NoiseError::Order(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::SampleOrder;
    use super::*;

    #[test]
    fn the_partition_runs_this_executable_on_the_cpus_of_the_order() {
        let sample = SampleOrder { parent: None, cpus: vec![0, 1], works: Vec::new() };
        let order = PartitionOrder { parent: 1, cpus: "2-3".to_owned(), memory: MEMORY, sample };
        let options = options(&order).expect("understood");
        assert_eq!(options.cpus.as_ref().map(ToString::to_string).as_deref(), Some("2-3"));
        assert_eq!(options.mem.bytes(), MEMORY);
        assert_eq!(options.argv()[1], "__noise-sample");
    }
}

//! One run: from the options to the program's exit status.
//!
//! The order is that of growing cost: what can be wrong with the program or the options is found before CPUs are locked, CPUs before
//! memory is reserved, memory before processes are started. Everything that a run takes belongs to this process or to
//! the agent, which ends with its socket, so that every way out, SIGKILL included, leaves nothing behind.

mod agent;
mod ending;
mod error;
mod preparation;
mod signals;
mod supervisor;
mod window;

use std::env;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use host_agent::protocol::{Region, ToAgent};
use virtio_ikc::boot::{Privilege, flag};

pub use error::RunError;

use crate::arch::inherited::{BROKEN_PIPE, broken_pipe_was_ignored, closed_streams};
use crate::boot::{self, Image};
use crate::cli::{Options, Program, SyscallRewrite, Trace};
use crate::clock;
use crate::device::ZeroingWorker;
use crate::message;
use crate::partition::pin::pin_to_cpus;
use crate::partition::{MemoryRequest, PageKind, PartitionCpus, PartitionMemory};
use crate::probe;
use crate::vm::{Machine, Processors};
use agent::{Agent, FirstProxy};
use ending::Ending;
use preparation::Preparation;
use supervisor::{Parts, Supervisor};

/// Runs the program of `options` in a partition of its own. Answers the exit status: the program's, 128 + n when signal n ended
/// it, and 125, 126 or 127 after one line on stderr when there was no program to run.
#[must_use]
pub fn run(options: &Options) -> u8 {
    match try_run(options) {
        Ok(ending) => ending.report(),
        Err(error) => {
            message::say(&error);
            error.exit_code()
        }
    }
}

fn try_run(options: &Options) -> Result<Ending, RunError> {
    let workdir = workdir(options)?;
    let program = Program::find(options.program(), &options.environment, &workdir)?;
    let trace = trace_file(options)?;
    let image = Image::parse(boot::embedded())?;
    let mut cpus = PartitionCpus::claim(options.cpus.as_ref(), options.agent_cpus.as_ref())?;
    cpus.may_spin &= options.vcpus_per_cpu == 1;
    let memory = reserve(options, &cpus)?;
    let device = probe::open_kvm()?;
    let guest_memory = memory.guest_memory().map_err(RunError::Memory)?;
    if cpus.may_spin {
        pin_to_cpus(cpus.agent.as_slice()).map_err(|error| RunError::System(error.to_string()))?;
    }
    let vcpu_places = vcpu_places(&cpus, options.vcpus_per_cpu);
    let vcpus = vcpu_places.len();
    let mut machine = Machine::new(&device, &guest_memory, vcpus)?;
    if let Some(watch) = &options.watch {
        watch.take_statistics(machine.statistics());
    }
    let signals = signals::take()?;
    let preparation = Preparation::begin(options.privilege, &memory, vcpu_places[0]);
    let start = start_message(options, &program, &workdir, &cpus, &memory, &vcpu_places);
    let mut agent = Agent::start(&start, &descriptors(&memory, &machine, trace.as_ref()))?;
    let processors = Processors::new(&device, vcpus, preparation.privilege()?)?;
    if options.verbose > 0 {
        message::say(summary(&cpus, &memory, &processors));
    }
    let settings = boot::Settings {
        privilege: processors.privilege(),
        processors: processors.names(&vcpu_places),
        flags: flags(options, &cpus, &memory) | processor_flags(options, &processors),
        tsc_khz: machine.tsc_khz().unwrap_or_else(clock::measure_tsc_khz),
        state_mask: processors.state().mask,
        state_bytes: processors.state().bytes,
        program: describe(options, &program, agent.wait_for_proxy()?),
    };
    if cpus.may_spin {
        let failed = |error| RunError::System(format!("cannot start a thread that zeroes memory: {error}"));
        ZeroingWorker::start(guest_memory.clone(), machine.zeroing()).map_err(failed)?;
    }
    let booted = boot::prepare(&guest_memory, &image, &settings)?;
    let vcpus = machine.prepare_vcpus(&processors, booted)?;
    let parts = Parts {
        machine,
        agent,
        signals,
        booted,
        memory: guest_memory,
        tsc_khz: settings.tsc_khz,
        verbose_log: options.kmsg,
        stats: options.stats,
        watch: options.watch.clone(),
    };
    let ending = Supervisor::new(parts)?.run(vcpus, &vcpu_places);
    drop(cpus);
    ending
}

/// The CPU of each vCPU: all CPUs once, then all of them again.
fn vcpu_places(cpus: &PartitionCpus, on_each: u8) -> Vec<u32> {
    cpus.partition.as_slice().repeat(on_each.into())
}

/// The program's working directory: where we are, or `--workdir`, relative to where we are.
fn workdir(options: &Options) -> Result<PathBuf, RunError> {
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let Some(asked) = &options.workdir else { return Ok(here) };
    let workdir = here.join(asked);
    match std::fs::metadata(&workdir) {
        Ok(found) if found.is_dir() => Ok(workdir),
        Ok(_) => Err(RunError::Workdir { path: asked.clone(), source: std::io::ErrorKind::NotADirectory.into() }),
        Err(source) => Err(RunError::Workdir { path: asked.clone(), source }),
    }
}

/// The file for `--trace`, if one is wanted.
fn trace_file(options: &Options) -> Result<Option<File>, RunError> {
    match &options.trace {
        None => Ok(None),
        Some(Trace::Stderr) => {
            let stderr = std::io::stderr().as_fd().try_clone_to_owned();
            Ok(Some(stderr.map_err(|source| RunError::Trace { path: "stderr".into(), source })?.into()))
        }
        Some(Trace::File(path)) => {
            let file = File::create(path);
            Ok(Some(file.map_err(|source| RunError::Trace { path: path.clone(), source })?))
        }
    }
}

fn reserve(options: &Options, cpus: &PartitionCpus) -> Result<PartitionMemory, RunError> {
    let mut warnings = cpus.warnings.clone();
    let request = MemoryRequest {
        size: options.mem,
        pages: options.hugepages,
        prefault: options.prefault,
        nodes: cpus.memory_nodes.clone(),
    };
    let memory = PartitionMemory::reserve(&request, &mut warnings);
    for warning in warnings {
        message::say(format_args!("warning: {warning}"));
    }
    Ok(memory?)
}

fn start_message(
    options: &Options,
    program: &Program,
    workdir: &Path,
    cpus: &PartitionCpus,
    memory: &PartitionMemory,
    vcpu_places: &[u32],
) -> ToAgent {
    let mut offset = 0;
    let regions = memory.regions().into_iter().map(|region| {
        let start = offset;
        offset += region.length;
        Region { guest: region.start.as_u64(), length: region.length, offset: start }
    });
    let numbers = |cpus: &[u32]| cpus.iter().map(|cpu| *cpu as usize).collect();
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let binary = workdir.join(&program.binary);
    ToAgent::Start {
        regions: regions.collect(),
        vcpus: u16::try_from(vcpu_places.len()).unwrap_or(u16::MAX),
        cpus: numbers(cpus.agent.as_slice()),
        partition_cpus: numbers(vcpu_places),
        may_spin: cpus.may_spin,
        trace: options.trace.is_some(),
        workdir: options.workdir.as_ref().map(|_| text(workdir)),
        closed: closed_streams(),
        executable: text(&binary.canonicalize().unwrap_or(binary)),
        name: program.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

fn descriptors<'a>(memory: &'a PartitionMemory, machine: &'a Machine, trace: Option<&'a File>) -> Vec<BorrowedFd<'a>> {
    let wires = std::iter::once(machine.doorbell()).chain(machine.interrupts());
    let wires = wires.map(agent::descriptor_of);
    std::iter::once(memory.file().as_fd()).chain(wires).chain(trace.map(File::as_fd)).collect()
}

/// What `-v` says of the partition.
fn summary(cpus: &PartitionCpus, memory: &PartitionMemory, processors: &Processors) -> String {
    let pages = match memory.page() {
        PageKind::Huge(size) => size.name(),
        PageKind::Transparent => "transparent huge",
        PageKind::Small => "4K",
    };
    let mode = if processors.privilege() == Privilege::RING3 { "ring3" } else { "ring0" };
    let (partition, agent, size) = (&cpus.partition, &cpus.agent, memory.size() >> 20);
    format!("CPUs {partition}, agent on CPUs {agent}, {size} MiB in {pages} pages, {mode} mode")
}

fn flags(options: &Options, cpus: &PartitionCpus, memory: &PartitionMemory) -> u32 {
    let when = |condition, flag| if condition { flag } else { 0 };
    when(cpus.may_spin, flag::MAY_SPIN)
        | when(options.vcpus_per_cpu == 1, flag::OWN_CPUS)
        | when(options.kmsg, flag::VERBOSE_LOG)
        | when(options.trace.is_some(), flag::TRACE)
        | when(options.trace.is_some() || options.stats.is_some(), flag::COUNT)
        | when(options.verbose > 0, flag::VERBOSE)
        | when(memory.is_populated(), flag::PREFAULTED)
}

fn processor_flags(options: &Options, processors: &Processors) -> u32 {
    let flags = processors.flags();
    let has_rdpid = flags & flag::RDPID != 0;
    let rewrites = has_rdpid && options.syscall_rewrite == SyscallRewrite::Auto && options.vcpus_per_cpu == 1;
    flags | if rewrites { flag::REWRITE } else { 0 }
}

fn describe(options: &Options, program: &Program, proxy: FirstProxy) -> boot::Program {
    boot::Program {
        path: program.path.clone().into_os_string(),
        arguments: options.argv().to_vec(),
        environment: options.environment.strings().collect(),
        process: proxy.process,
        parent: proxy.parent,
        ignored_signals: proxy.ignored_signals & !BROKEN_PIPE | if broken_pipe_was_ignored() { BROKEN_PIPE } else { 0 },
    }
}

//! The main loop: it waits for the agent, the vCPUs, signals and the clock, and for the end.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use host_agent::protocol::{FromAgent, ToAgent};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};
use vm_memory::GuestMemoryMmap;
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};
use vmm_sys_util::timerfd::TimerFd;

use super::agent::Agent;
use super::ending::Ending;
use super::error::RunError;
use super::window::{Part, SharedWindow};
use crate::arch::signal_file::SignalFile;
use crate::boot::{Booted, Symbols, embedded};
use crate::cli::StatsFormat;
use crate::clock::{Clock, FIRST_INTERVAL, INTERVAL};
use crate::device::{Device, Effect, LogLevel, LogLine};
use crate::message;
use crate::stats::{AgentCounters, Report};
use crate::vm::{self, Machine, RunningVcpu, Shared, Vcpu, VcpuReport, Watch};

/// What an event is about.
const AGENT: u32 = 0;
const VCPUS: u32 = 1;
const SIGNALS: u32 = 2;
const CLOCK: u32 = 3;

/// What a run has put together.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) machine: Machine,
    pub(super) agent: Agent,
    pub(super) signals: SignalFile,
    pub(super) booted: Booted,
    pub(super) memory: GuestMemoryMmap,
    pub(super) tsc_khz: u32,
    /// Whether all of the LWK's log is wanted, not only what is wrong.
    pub(super) verbose_log: bool,
    pub(super) stats: Option<StatsFormat>,
    pub(super) watch: Option<Arc<Watch>>,
}

/// The owner of everything that runs.
#[derive(Debug)]
pub(super) struct Supervisor {
    parts: Parts,
    shared: Arc<Shared>,
    sender: Sender<VcpuReport>,
    reports: Receiver<VcpuReport>,
    timer: TimerFd,
    clock: Clock,
    window: SharedWindow,
    counters: AgentCounters,
    /// The program's wait status, or why there is none.
    end: Option<Result<i32, RunError>>,
}

impl Supervisor {
    /// Makes the device and the clock.
    pub(super) fn new(parts: Parts) -> Result<Self, RunError> {
        let system = |error: std::io::Error| RunError::System(format!("cannot make an eventfd or a timer: {error}"));
        let reported = EventFd::new(EFD_CLOEXEC | EFD_NONBLOCK).map_err(system)?;
        let device = Device::new(parts.memory.clone());
        let mut timer = TimerFd::new().map_err(|error| system(error.into()))?;
        timer.reset(FIRST_INTERVAL, Some(INTERVAL)).map_err(|error| system(error.into()))?;
        let clock = Clock::start(parts.memory.clone(), parts.booted.time_page, parts.tsc_khz);
        let (sender, reports) = channel();
        let shared = Shared::new(device, reported, parts.watch.clone());
        Ok(Self {
            parts,
            shared: Arc::new(shared),
            sender,
            reports,
            timer,
            clock,
            window: SharedWindow::default(),
            counters: AgentCounters::default(),
            end: None,
        })
    }

    /// Starts the vCPUs on `cpus` and serves them until the program or the partition has ended.
    pub(super) fn run(self, vcpus: Vec<Vcpu>, cpus: &[u32]) -> Result<Ending, RunError> {
        let failed = |error: event_manager::Error| RunError::System(format!("the main loop failed: {error}"));
        let mut manager = EventManager::new().map_err(failed)?;
        let running = self.start(vcpus, cpus);
        let place = manager.add_subscriber(self);
        let supervisor = loop {
            let supervisor = manager.subscriber_mut(place).map_err(failed)?;
            if supervisor.end.is_some() || running.is_err() {
                break manager.remove_subscriber(place).map_err(failed)?;
            }
            manager.run().map_err(failed)?;
        };
        supervisor.finish(running?)
    }

    fn start(&self, vcpus: Vec<Vcpu>, cpus: &[u32]) -> Result<Vec<RunningVcpu>, RunError> {
        let start = |(vcpu, cpu): (Vcpu, &u32)| vcpu.start(*cpu, Arc::clone(&self.shared), self.sender.clone());
        let running = vcpus.into_iter().zip(cpus).map(start).collect::<Result<_, _>>();
        running.map_err(|error| RunError::System(format!("cannot start a thread for a vCPU: {error}")))
    }

    fn finish(mut self, running: Vec<RunningVcpu>) -> Result<Ending, RunError> {
        let stopped = vm::stop(&self.shared, running);
        self.take_reports();
        let status = self.end.unwrap_or(Ok(0))?;
        let wanted = self.parts.stats.filter(|_| stopped);
        let collect = || {
            Report::collect(
                &self.parts.memory,
                &self.parts.booted,
                self.parts.tsc_khz,
                &self.shared.exits,
                self.counters,
            )
        };
        Ok(Ending { status, stats: wanted.map(|format| (format, collect())) })
    }

    /// The first end counts: what follows is most often its consequence.
    fn end_with(&mut self, end: Result<i32, RunError>) {
        self.end.get_or_insert(end);
    }

    fn take_message(&mut self) -> Result<(), RunError> {
        let (message, descriptors) = self.parts.agent.receive()?;
        match message {
            FromAgent::Ready { .. } => {}
            FromAgent::Ended { status } => self.end_with(Ok(status)),
            FromAgent::Stopped { .. } => {
                stop_ourselves();
                self.parts.agent.send(&ToAgent::WentOn, &[])?;
            }
            FromAgent::Violation { text } => return Err(RunError::Violation(text)),
            FromAgent::Failed { text } => return Err(RunError::System(text)),
            FromAgent::WindowMap { window, length, offset, writable } => {
                let file = descriptors.into_iter().next().ok_or(Errno::BADF);
                let done = file.and_then(|file| {
                    let part = Part { at: window, length, file: Arc::new(file), offset, writable, size: None };
                    self.window.map(&self.parts.machine, part)
                });
                self.answer_window(done)?;
            }
            FromAgent::WindowUnmap { window, length } => {
                let done = self.window.unmap(window, length);
                self.answer_window(done)?;
            }
            FromAgent::Counters { requests, wakeups, interrupts, agent_memory, proxy_memory } => {
                self.counters = AgentCounters { requests, wakeups, interrupts, agent_memory, proxy_memory };
            }
        }
        Ok(())
    }

    fn answer_window(&self, done: Result<(), Errno>) -> Result<(), RunError> {
        let error = done.err().map_or(0, Errno::raw_os_error);
        self.parts.agent.send(&ToAgent::WindowDone { error }, &[])
    }

    fn take_reports(&mut self) {
        // The eventfd only wakes; what there is to do is in the channel.
        let _ = self.shared.reported.read();
        while let Ok(report) = self.reports.try_recv() {
            if let Err(error) = self.take_report(report) {
                self.end_with(Err(error));
            }
        }
    }

    fn take_report(&mut self, report: VcpuReport) -> Result<(), RunError> {
        match report {
            VcpuReport::Device(Effect::Activate(queues)) => self.parts.agent.send(&ToAgent::Activate { queues }, &[]),
            VcpuReport::Device(Effect::Log(line)) => {
                self.print(&line);
                Ok(())
            }
            VcpuReport::Device(Effect::Panic) => Err(RunError::Panic),
            VcpuReport::Device(Effect::Violation(text)) => Err(RunError::Violation(text)),
            VcpuReport::Fatal(text) => Err(RunError::Vcpu(Symbols::read(embedded()).annotate(&text))),
        }
    }

    fn print(&self, line: &LogLine) {
        if line.level == LogLevel::Information && !self.parts.verbose_log {
            return;
        }
        let text = match line.level {
            LogLevel::Error => Symbols::read(embedded()).annotate(&line.text),
            _ => line.text.clone(),
        };
        let who = if line.level == LogLevel::Information { "lwk" } else { "lwk-vmm" };
        for line in text.lines() {
            message::line(who, line);
        }
    }

    fn take_signals(&mut self) -> Result<(), RunError> {
        while let Some(signal) = self.parts.signals.next() {
            // The agent's SIGCONT is for us, the program has had its own.
            if signal.sender.is_some_and(|sender| sender != self.parts.agent.process()) {
                self.parts.agent.send(&ToAgent::Signal { signal: signal.number }, &[])?;
            }
        }
        Ok(())
    }
}

/// The program was stopped (Ctrl-Z): so are we, until the shell continues the job, or the agent us. By SIGSTOP, whatever stopped the program: the
/// others are taken by our own signal file.
fn stop_ourselves() {
    // It cannot fail: we may send ourselves signals.
    let _ = kill_process(getpid(), Signal::STOP);
}

impl MutEventSubscriber for Supervisor {
    fn process(&mut self, events: Events, _: &mut EventOps<'_>) {
        let done = match events.data() {
            AGENT => self.take_message(),
            SIGNALS => self.take_signals(),
            CLOCK => {
                // Reading takes the expiry back; whether it was one or many does not matter.
                let _ = self.timer.wait();
                self.clock.update();
                self.window.follow_sizes();
                Ok(())
            }
            _ => {
                self.take_reports();
                Ok(())
            }
        };
        if let Err(error) = done {
            self.end_with(Err(error));
        }
    }

    fn init(&mut self, ops: &mut EventOps<'_>) {
        let sources = [
            Events::with_data(&self.parts.agent, AGENT, EventSet::IN),
            Events::with_data(&self.shared.reported, VCPUS, EventSet::IN),
            Events::with_data(&self.parts.signals, SIGNALS, EventSet::IN),
            Events::with_data(&self.timer, CLOCK, EventSet::IN),
        ];
        for source in sources {
            if let Err(error) = ops.add(source) {
                self.end_with(Err(RunError::System(format!("the main loop cannot wait for something: {error}"))));
            }
        }
    }
}

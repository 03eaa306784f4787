//! What Linux and KVM count while the work is done, read again and again from another CPU.
//!
//! The counters say how often or how long, not when; but read every few milliseconds they say in which of these it was. That is
//! as close as a user may come: the kernel tells the exact moments to root only, and only while it traces itself, which is noise.

mod host;
mod kvm;
mod series;
mod task;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(super) use series::Counter;
pub(super) use series::{Kind, Moment, Series};

use self::series::Reading;
use super::NoiseError;
use crate::arch::processor;
use crate::partition::cpus::usable;
use crate::partition::{Topology, pin};
use crate::vm::{SeenExit, Watch};

/// Between two readings. Reading all takes a fraction of a millisecond of another CPU.
const INTERVAL: Duration = Duration::from_millis(10);

/// All that was counted during a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watched {
    /// The host's time-stamp counter before the slice and after it.
    pub(super) span: (u64, u64),
    /// For each measuring thread, what was counted.
    pub(super) series: Vec<Series>,
    /// When vCPUs left the guest.
    pub(super) exits: Vec<SeenExit>,
}

/// What is watched: a CPU and the thread that measures there.
#[derive(Debug)]
pub(super) struct Subject {
    cpu: u32,
    task: task::Task,
    vcpu: Option<(Arc<Watch>, usize)>,
}

impl Subject {
    /// The thread called `name` of a process, as soon as there is one, and the CPU it is pinned to.
    pub(super) const fn new(cpu: u32, process: u32, name: String) -> Self {
        Self { cpu, task: task::Task::new(process, name), vcpu: None }
    }

    /// The thread is this vCPU's.
    pub(super) fn with_vcpu(self, watch: Arc<Watch>, index: usize) -> Self {
        Self { vcpu: Some((watch, index)), ..self }
    }

    fn read(&mut self) -> Vec<Reading> {
        let mut readings = host::read(self.cpu);
        readings.extend(self.task.read());
        let file = self.vcpu.as_ref().and_then(|(watch, index)| watch.statistics(*index));
        readings.extend(file.iter().flat_map(kvm::read));
        readings
    }
}

/// A thread that reads all counters until it is told to stop.
#[derive(Debug)]
pub(super) struct Watcher {
    begin: u64,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Series>>,
}

impl Watcher {
    /// Starts watching, from a CPU that is none of `measured` if there is one.
    pub(super) fn start(subjects: Vec<Subject>, measured: &[u32]) -> Result<Self, NoiseError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, measured) = (Arc::clone(&stop), measured.to_vec());
        let body = move || {
            keep_away(&measured);
            watch(subjects, &stopped)
        };
        let thread = thread::Builder::new().name("watcher".to_owned()).spawn(body);
        let thread = thread.map_err(|source| NoiseError::System { what: "start a thread", source })?;
        Ok(Self { begin: processor::ticks(), stop, thread })
    }

    /// Stops watching.
    pub(super) fn finish(self) -> Watched {
        self.stop.store(true, Ordering::Relaxed);
        let series = self.thread.join().unwrap_or_default();
        Watched { span: (self.begin, processor::ticks()), series, exits: Vec::new() }
    }
}

/// Leaves the measured CPUs alone. On a machine that has no others the watcher is part of the noise, on both sides alike.
fn keep_away(measured: &[u32]) {
    let Ok(usable) = usable(&Topology::read()) else { return };
    let others: Vec<u32> = usable.as_slice().iter().copied().filter(|cpu| !measured.contains(cpu)).collect();
    if !others.is_empty() {
        // What cannot be pinned still measures, with a little more noise.
        let _ = pin::pin_to_cpus(&others);
    }
}

fn watch(mut subjects: Vec<Subject>, stop: &AtomicBool) -> Vec<Series> {
    let mut series = vec![Series::default(); subjects.len()];
    loop {
        // The last readings come after the end, so that they enclose all of it.
        let last = stop.load(Ordering::Relaxed);
        for (subject, series) in subjects.iter_mut().zip(&mut series) {
            let from = processor::ticks();
            let readings = subject.read();
            series.add((from, processor::ticks()), readings);
        }
        if last {
            return series;
        }
        thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_of_this_process_is_watched() {
        let name = thread::current().name().unwrap_or_default().chars().take(15).collect();
        let watcher = Watcher::start(vec![Subject::new(0, std::process::id(), name)], &[]).expect("started");
        thread::sleep(3 * INTERVAL);
        let seen = watcher.finish();
        let series = &seen.series[0];
        assert!(series.moments.len() >= 2 && seen.span.0 < seen.span.1);
        for kind in [Kind::Interrupt, Kind::SoftInterrupt, Kind::Steal, Kind::RunDelay, Kind::Switches] {
            assert!(series.counters.iter().any(|counter| counter.kind == kind), "{kind:?}");
        }
    }
}

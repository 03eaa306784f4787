//! The machine and the mode, without which a figure says nothing.

use std::fs;

use anyhow::Result;
use serde::Serialize;

use crate::backing::Backing;
use crate::host_class;
use crate::programs::Programs;
use crate::side::Sides;

const UNKNOWN: &str = "unknown";

/// Where and how it was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// The processor's name.
    processor: String,
    /// CPUs that are online.
    cpus: usize,
    /// Memory in MiB.
    memory_mib: u64,
    /// Linux's release and architecture.
    kernel: String,
    /// The CPU that both sides ran on, where a benchmark does not ask for two.
    cpu: usize,
    /// In which mode the LWK ran, and on what kind of KVM.
    mode: String,
    /// Memory of the partition, as given to lwk-vmm.
    partition_memory: String,
    /// Pages behind the partition.
    backing: Backing,
    /// Linux's setting of transparent huge pages, which decides what pages a native program gets.
    transparent_huge_pages: String,
    /// Runnable threads in the minute before.
    load: String,
    /// Per cent of the run's time in which somebody waited for a CPU, if Linux counts it. Figures that were measured
    /// under pressure are those of a crowded machine, on both sides.
    pub(crate) cpu_pressure: Option<u64>,
}

impl Machine {
    /// Describes this one.
    pub(crate) fn describe(programs: &Programs, sides: &Sides, backing: Backing) -> Result<Self> {
        let system = rustix::system::uname();
        let part = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        Ok(Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| UNKNOWN.into()),
            cpus: std::thread::available_parallelism()?.get(),
            memory_mib: kib(&read("/proc/meminfo"), "MemTotal") / 1024,
            kernel: format!("{} {}", part(system.release()), part(system.machine())),
            cpu: sides.cpu(),
            mode: host_class::mode(&programs.lwk_vmm).unwrap_or_else(|| UNKNOWN.into()),
            partition_memory: sides.memory(),
            backing,
            transparent_huge_pages: chosen(&read("/sys/kernel/mm/transparent_hugepage/enabled")),
            load: read("/proc/loadavg").split(' ').next().unwrap_or(UNKNOWN).to_owned(),
            cpu_pressure: None,
        })
    }

    /// Pairs of what and how, for people.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        vec![
            ("processor", format!("{}, {} CPUs, {} MiB", self.processor, self.cpus, self.memory_mib)),
            ("Linux", self.kernel.clone()),
            ("LWK", self.mode.clone()),
            ("both sides on", format!("CPU {}; load average before: {}", self.cpu, self.load)),
            ("CPU pressure", self.cpu_pressure.map_or(UNKNOWN.into(), |per_cent| format!("{per_cent} % of the run"))),
            ("LWK's memory", format!("{}, {}", self.partition_memory, self.backing.describe())),
            ("native memory", native_pages(&self.transparent_huge_pages)),
        ]
    }
}

/// `bench-guest` asks for nothing, so it gets huge pages only where Linux gives them to everybody.
fn native_pages(setting: &str) -> String {
    let pages = if setting == "always" { "huge pages as Linux chooses" } else { "default 4 KiB pages" };
    format!("{pages} (transparent huge pages: {setting})")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn field(text: &str, name: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let mut values = pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned());
    values.next()
}

fn kib(text: &str, name: &str) -> u64 {
    let value = field(text, name).unwrap_or_default();
    value.trim_end_matches(" kB").parse().unwrap_or_default()
}

/// The word in brackets, as sysfs marks the choice that is in force.
fn chosen(text: &str) -> String {
    let word = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    word.map_or(UNKNOWN, |(word, _)| word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_found_by_name() {
        let text = "model\t\t: 1\nmodel name\t: EPYC 9B14\nmodel name\t: other\n";
        assert_eq!(field(text, "model name").as_deref(), Some("EPYC 9B14"));
        assert_eq!(kib("MemTotal:       24115432 kB\nMemFree: 1 kB\n", "MemTotal"), 24_115_432);
    }

    #[test]
    fn the_choice_in_brackets_decides_over_native_pages() {
        assert_eq!(chosen("always [madvise] never\n"), "madvise");
        assert!(native_pages("madvise").starts_with("default 4 KiB"));
        assert!(native_pages("always").starts_with("huge pages"));
        assert_eq!(chosen(""), UNKNOWN);
    }
}

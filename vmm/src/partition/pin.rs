//! Ties a thread to one CPU: a vCPU that migrates would take its noise along.

use rustix::io::Errno;
use rustix::thread::CpuSet;

/// Pins the calling thread to `cpu` (`sched_setaffinity(2)`); threads that it makes later inherit this.
///
/// # Errors
/// A line that says why the CPU cannot be used, most often a cpuset that does not hold it.
pub fn pin_to_cpu(cpu: u32) -> Result<(), PinError> {
    pin_to_cpus(&[cpu])
}

/// Allows the calling thread to run on `cpus` only.
///
/// # Errors
/// As for [`pin_to_cpu`], about the first of the CPUs.
pub fn pin_to_cpus(cpus: &[u32]) -> Result<(), PinError> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        let index = usize::try_from(*cpu).unwrap_or(usize::MAX);
        if index >= CpuSet::MAX_CPU {
            return Err(PinError { cpu: *cpu, errno: Errno::INVAL });
        }
        set.set(index);
    }
    let cpu = cpus.first().copied().unwrap_or_default();
    rustix::thread::sched_setaffinity(None, &set).map_err(|errno| PinError { cpu, errno })
}

/// A CPU that a thread cannot be pinned to.
#[derive(Debug, thiserror::Error)]
#[error("cannot run on CPU {cpu}: {errno}; choose a CPU of this process's cpuset (cat /proc/self/cpuset)")]
pub struct PinError {
    cpu: u32,
    errno: Errno,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_runs_on_its_cpu() {
        let allowed = rustix::thread::sched_getaffinity(None).expect("our affinity");
        let cpu = (0..CpuSet::MAX_CPU).rfind(|cpu| allowed.is_set(*cpu)).expect("a CPU");
        let number = u32::try_from(cpu).expect("small");
        let ran_on = std::thread::spawn(move || {
            pin_to_cpu(number).expect("pinned");
            rustix::thread::sched_getcpu()
        });
        assert_eq!(ran_on.join().expect("no panic"), cpu);
    }

    #[test]
    fn a_cpu_that_does_not_exist_is_one_clear_line() {
        let message = pin_to_cpu(65_535).expect_err("refused").to_string();
        assert!(message.starts_with("cannot run on CPU 65535") && !message.contains('\n'));
    }
}

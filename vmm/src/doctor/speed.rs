//! What kind of KVM this is and what its operations cost, by running a tiny guest.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Row;
use crate::probe::{self, HostClass, Measurements, ProbeError};

/// A measurement takes a fifth of a second; a KVM that hangs a vCPU is no use.
const PATIENCE: Duration = Duration::from_secs(20);
const HARDWARE: &str = "use a machine with hardware KVM where this matters";

pub(super) fn rows() -> Vec<Row> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(probe::measure()));
    match receive.recv_timeout(PATIENCE) {
        Ok(Ok(measured)) => measured_rows(&measured),
        // The row about the device has said so.
        Ok(Err(ProbeError::Absent | ProbeError::Permission)) => Vec::new(),
        Ok(Err(error)) => vec![failed(&error.to_string())],
        Err(_) => vec![failed("a test guest hangs")],
    }
}

fn failed(reason: &str) -> Row {
    Row::fail("test guest", reason, "update the kernel; report this with the output of uname -a and lscpu")
}

fn measured_rows(measured: &Measurements) -> Vec<Row> {
    let software = measured.class.is_software();
    let advice = if software { HARDWARE } else { "look for load on this CPU; measure again" };
    let time = |name, nanoseconds, limit| Row::time(name, nanoseconds, limit, advice);
    let mut call = time("system call in the guest", measured.system_call, 5_000.0);
    let level = measured.class.system_calls_arrive_at;
    call.value = format!("{}; arrives at CPL{level}", call.value);
    vec![
        kind(&measured.class),
        time("guest code at CPL0, per instruction", measured.class.cpl0_ns_per_instruction, 20.0),
        time("guest code at CPL3, per instruction", measured.class.cpl3_ns_per_instruction, 20.0),
        call,
        time("exception through CPL0 and back", measured.exception, 15_000.0),
        time("exit to the VMM and back (MMIO)", measured.exit, 40_000.0),
        time("doorbell (ioeventfd)", measured.doorbell, 5_000.0),
        time("interrupt to a halted vCPU", measured.wake_up, 30_000.0),
        time("CPUID in the guest", measured.cpuid, 10_000.0),
        time("RDTSC in the guest", measured.clock, 100.0),
    ]
}

fn kind(class: &HostClass) -> Row {
    const NAME: &str = "kind of KVM";
    let ratio = class.cpl0_ns_per_instruction / class.cpl3_ns_per_instruction;
    let signs = format!("CPL0 takes {ratio:.0} times as long as CPL3; {}; {}", module(), extensions());
    if class.is_software() {
        let advice = "nothing: the lightweight kernel will run at CPL3; hardware KVM (nested virtualization, or bare \
                      metal) makes calls faster";
        Row::warn(NAME, format!("software: {signs}"), advice)
    } else {
        Row::ok(NAME, format!("hardware: {signs}"))
    }
}

fn module() -> String {
    let known = ["kvm_intel", "kvm_amd", "kvm_pvm"];
    let loaded = known.iter().find(|name| Path::new("/sys/module").join(name).exists());
    loaded.map_or_else(|| "no vendor module known".to_owned(), |name| format!("vendor module {name}"))
}

fn extensions() -> &'static str {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = text.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    match flags.split_whitespace().find(|flag| matches!(*flag, "vmx" | "svm")) {
        Some("vmx") => "the CPU has VMX",
        Some(_) => "the CPU has SVM",
        None => "the CPU has neither VMX nor SVM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Privilege;

    fn class(privilege: Privilege) -> HostClass {
        HostClass {
            privilege,
            cpl0_ns_per_instruction: 700.0,
            cpl3_ns_per_instruction: 0.35,
            system_calls_arrive_at: 3,
        }
    }

    #[test]
    fn the_kind_says_how_it_was_found_out() {
        let software = kind(&class(Privilege::Ring3));
        assert!(software.value.starts_with("software: CPL0 takes 2000 times as long"), "{software:?}");
        assert!(kind(&class(Privilege::Ring0)).value.starts_with("hardware"));
    }
}

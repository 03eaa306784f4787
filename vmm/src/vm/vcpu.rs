//! A vCPU and its thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kvm_ioctls::{VcpuExit, VcpuFd};
use virtio_ikc::layout::{DEVICE_PHYSICAL, WINDOW_BYTES, WINDOW_PHYSICAL};
use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::signal::{Killable, SIGRTMIN, register_signal_handler};

use super::registers::Start;
use super::{ExitCounts, ExitReason, VmError, Watch};
use crate::device::{Device, Effect};
use crate::partition::pin_to_cpu;

/// Bytes of the device's registers.
const DEVICE_BYTES: u64 = 4096;
/// How long vCPUs may take to stop. One that the host cannot get out of the guest ends with the process.
const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_micros(200);
/// How long memory may be missing: twice the interval at which the sizes of mapped files are looked at, and some.
const MEMORY_PATIENCE: Duration = Duration::from_millis(1250);
/// How long a vCPU waits before it touches such memory again.
const MEMORY_RETRY: Duration = Duration::from_millis(5);
/// After how long without such a touch the next one is another matter: the vCPU has run in between.
const MEMORY_PAUSE: Duration = Duration::from_millis(100);

/// What a vCPU's thread tells the main loop.
#[derive(Debug)]
pub enum VcpuReport {
    /// The device wants something done.
    Device(Effect),
    /// The guest cannot go on: why, and the vCPU's registers.
    Fatal(String),
}

/// What the vCPU threads share with the main loop.
#[derive(Debug)]
pub struct Shared {
    /// The device.
    pub device: Mutex<Device>,
    /// How often vCPUs left the guest.
    pub exits: ExitCounts,
    /// Signalled with each report.
    pub reported: EventFd,
    watch: Option<Arc<Watch>>,
    stop: AtomicBool,
}

impl Shared {
    /// Nothing has happened yet. `watch` gets to know of every exit.
    #[must_use]
    pub fn new(device: Device, reported: EventFd, watch: Option<Arc<Watch>>) -> Self {
        Self { device: Mutex::new(device), exits: ExitCounts::default(), reported, watch, stop: AtomicBool::new(false) }
    }

    /// A vCPU has left the guest.
    fn left(&self, vcpu: usize, reason: ExitReason) {
        self.exits.count(reason);
        if let Some(watch) = &self.watch {
            watch.saw(vcpu, reason);
        }
    }
}

/// A vCPU that has not started.
#[derive(Debug)]
pub struct Vcpu {
    index: usize,
    descriptor: VcpuFd,
}

/// A running vCPU.
#[derive(Debug)]
pub struct RunningVcpu(JoinHandle<()>);

impl Vcpu {
    /// Wraps a vCPU and gives it the registers it starts with.
    pub(super) fn new(descriptor: VcpuFd, start: &Start) -> Result<Self, VmError> {
        start.apply(&descriptor)?;
        Ok(Self { index: start.index, descriptor })
    }

    /// Starts it on a thread of its own, which is pinned to `cpu`.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(self, cpu: u32, shared: Arc<Shared>, reports: Sender<VcpuReport>) -> std::io::Result<RunningVcpu> {
        register_signal_handler(SIGRTMIN(), leave_guest).map_err(std::io::Error::from)?;
        let name = format!("vcpu{}", self.index);
        let mut runner = Runner { missing: None, vcpu: self, shared, reports };
        let body = move || match pin_to_cpu(cpu) {
            Ok(()) => runner.run(),
            Err(error) => runner.report(VcpuReport::Fatal(error.to_string())),
        };
        thread::Builder::new().name(name).spawn(body).map(RunningVcpu)
    }
}

/// The handler of the signal that gets a thread out of the guest; its arrival is all that is needed.
extern "C" fn leave_guest(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {}

/// Stops all vCPUs. Answers whether all of them have stopped; one that has not will never leave the guest.
pub fn stop(shared: &Shared, vcpus: Vec<RunningVcpu>) -> bool {
    shared.stop.store(true, Ordering::SeqCst);
    let deadline = Instant::now() + PATIENCE;
    // A signal that arrives just before KVM_RUN is lost, so it is sent until the thread has ended.
    while vcpus.iter().any(|vcpu| !vcpu.0.is_finished()) {
        if Instant::now() > deadline {
            return false;
        }
        for vcpu in vcpus.iter().filter(|vcpu| !vcpu.0.is_finished()) {
            let _ = vcpu.0.kill(SIGRTMIN());
        }
        thread::sleep(RETRY);
    }
    vcpus.into_iter().all(|vcpu| vcpu.0.join().is_ok())
}

/// A time during which the guest touches memory that is not there.
#[derive(Clone, Copy)]
struct Missing {
    since: Instant,
    last: Instant,
}

struct Runner {
    missing: Option<Missing>,
    vcpu: Vcpu,
    shared: Arc<Shared>,
    reports: Sender<VcpuReport>,
}

impl Runner {
    fn run(&mut self) {
        while !self.shared.stop.load(Ordering::SeqCst) {
            if let Err(reason) = self.step() {
                self.shared.left(self.vcpu.index, ExitReason::Fatal);
                let text = format!("vCPU {} stopped: {reason}; {}", self.vcpu.index, self.registers());
                return self.report(VcpuReport::Fatal(text));
            }
        }
    }

    fn report(&self, report: VcpuReport) {
        // A main loop that has ended needs no report.
        if self.reports.send(report).is_ok() {
            let _ = self.shared.reported.write(1);
        }
    }

    /// Runs the guest until it leaves, and handles that.
    fn step(&mut self) -> Result<(), String> {
        let (shared, index) = (Arc::clone(&self.shared), self.vcpu.index);
        let device = || shared.device.lock().unwrap_or_else(PoisonError::into_inner);
        let effect = match self.vcpu.descriptor.run() {
            Ok(VcpuExit::MmioRead(address, bytes)) => {
                shared.left(index, ExitReason::DeviceRead);
                device().read(device_offset(address)?, bytes);
                None
            }
            Ok(VcpuExit::MmioWrite(address, bytes)) => {
                shared.left(index, ExitReason::DeviceWrite);
                device().write(device_offset(address)?, bytes)
            }
            Ok(VcpuExit::Intr) => None,
            Ok(VcpuExit::Shutdown) => return Err("triple fault".to_owned()),
            Ok(VcpuExit::FailEntry(reason, cpu)) => {
                return Err(format!("the processor refused to enter the guest (reason {reason:#x}, CPU {cpu})"));
            }
            Ok(VcpuExit::MemoryFault { gpa, .. }) => return self.wait_for_memory(lost_memory(gpa)),
            Ok(VcpuExit::InternalError) => return Err(self.internal_error()),
            Ok(exit) => return Err(format!("unexpected exit {exit:?}")),
            Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => {
                shared.left(index, ExitReason::Signal);
                None
            }
            Err(error) if error.errno() == libc::EFAULT => return self.wait_for_memory(self.lost_page()),
            Err(error) => return Err(format!("KVM_RUN failed: {error}")),
        };
        if let Some(effect) = effect {
            self.report(VcpuReport::Device(effect));
        }
        Ok(())
    }

    /// Memory is missing because of `reason`. A file that is mapped may have become longer again since it was last looked at; it is
    /// looked at often enough for that to be seen in time.
    fn wait_for_memory(&mut self, reason: String) -> Result<(), String> {
        let now = Instant::now();
        let goes_on = self.missing.filter(|missing| now - missing.last < MEMORY_PAUSE);
        let since = goes_on.map_or(now, |missing| missing.since);
        if now - since > MEMORY_PATIENCE {
            return Err(reason);
        }
        self.missing = Some(Missing { since, last: now });
        thread::sleep(MEMORY_RETRY);
        Ok(())
    }

    /// Memory is missing and KVM does not say where (before Linux 6.8): most often it is where the last page fault was.
    fn lost_page(&self) -> String {
        let vcpu = &self.vcpu.descriptor;
        let place = vcpu.get_sregs().and_then(|registers| vcpu.translate_gva(registers.cr2));
        match place {
            Ok(place) if place.valid != 0 => lost_memory(place.physical_address),
            _ => "Linux has no memory for an address that the guest used".to_owned(),
        }
    }

    /// KVM could not emulate an instruction, most often.
    fn internal_error(&mut self) -> String {
        let registers = self.vcpu.descriptor.get_regs();
        let place = registers.map_or_else(|_| String::new(), |registers| format!(" at {:#x}", registers.rip));
        format!("KVM internal error{place}")
    }

    fn registers(&self) -> String {
        let vcpu = &self.vcpu.descriptor;
        let (Ok(general), Ok(system)) = (vcpu.get_regs(), vcpu.get_sregs()) else {
            return "its registers cannot be read".to_owned();
        };
        format!(
            "rip={:#x} rsp={:#x} rflags={:#x} rax={:#x} rbx={:#x} rcx={:#x} rdx={:#x} rsi={:#x} rdi={:#x} rbp={:#x} \
             r8={:#x} r9={:#x} r10={:#x} r11={:#x} r12={:#x} r13={:#x} r14={:#x} r15={:#x} \
             cs={:#x} ss={:#x} fs={:#x} gs={:#x} cr0={:#x} cr2={:#x} cr3={:#x} cr4={:#x}",
            general.rip,
            general.rsp,
            general.rflags,
            general.rax,
            general.rbx,
            general.rcx,
            general.rdx,
            general.rsi,
            general.rdi,
            general.rbp,
            general.r8,
            general.r9,
            general.r10,
            general.r11,
            general.r12,
            general.r13,
            general.r14,
            general.r15,
            system.cs.selector,
            system.ss.selector,
            system.fs.base,
            system.gs.base,
            system.cr0,
            system.cr2,
            system.cr3,
            system.cr4,
        )
    }
}

/// Memory that Linux could not give: most often a mapped file that was truncated.
fn lost_memory(address: u64) -> String {
    match address.checked_sub(WINDOW_PHYSICAL).filter(|offset| *offset < WINDOW_BYTES) {
        Some(offset) => {
            format!("the file that is mapped shared at {offset:#x} of the window ends before that page now")
        }
        None => format!("Linux has no memory for guest-physical address {address:#x}"),
    }
}

fn device_offset(address: u64) -> Result<u64, String> {
    let offset = address.checked_sub(DEVICE_PHYSICAL).filter(|offset| *offset < DEVICE_BYTES);
    offset.ok_or_else(|| format!("access to guest-physical address {address:#x}, where nothing is"))
}

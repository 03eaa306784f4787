//! vCPUs that run a few instructions of ours where the LWK's first ones would be.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::Privilege;
use virtio_ikc::layout::{IMAGE_PHYSICAL, LWK_IMAGE, MAX_VCPUS};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

use super::*;
use crate::boot::{Image, Program, Settings, embedded, prepare};
use crate::device::{Device, Effect};
use crate::probe;

/// MOV RAX, the device's registers.
const DEVICE_IN_RAX: [u8; 10] = [0x48, 0xb8, 0, 0, 0, 0, 0xf0, 0x7f, 0, 0];
/// JMP to itself.
const FOREVER: [u8; 2] = [0xeb, 0xfe];

struct Guest {
    shared: Arc<Shared>,
    reports: Receiver<VcpuReport>,
    running: Vec<RunningVcpu>,
}

impl Guest {
    /// Starts a vCPU with `code`, after `change` was made to its memory.
    fn start(code: &[&[u8]], change: impl Fn(&GuestMemoryMmap)) -> Self {
        let device = probe::open_kvm().expect("a usable /dev/kvm");
        let privilege = match probe::quick().expect("a usable /dev/kvm").privilege {
            probe::Privilege::Ring0 => Privilege::RING0,
            probe::Privilege::Ring3 => Privilege::RING3,
        };
        let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 32 << 20)]).expect("memory");
        let mut machine = Machine::new(&device, &memory, 1).expect("a machine");
        let processors = Processors::new(&device, 1, privilege).expect("processors");
        let settings = Settings {
            privilege,
            processors: vec![0],
            flags: processors.flags(),
            tsc_khz: machine.tsc_khz().expect("told"),
            state_mask: processors.state().mask,
            state_bytes: processors.state().bytes,
            program: Program::default(),
        };
        let image = Image::parse(embedded()).expect("our own image");
        let booted = prepare(&memory, &image, &settings).expect("enough memory");
        let entry = GuestAddress(booted.entry - LWK_IMAGE + IMAGE_PHYSICAL);
        memory.write_slice(&code.concat(), entry).expect("inside");
        change(&memory);
        let vcpus = machine.prepare_vcpus(&processors, booted).expect("prepared");
        let reported = EventFd::new(EFD_NONBLOCK).expect("an eventfd");
        let shared = Arc::new(Shared::new(Device::new(memory), reported, None));
        let (sender, reports) = channel();
        let cpu = u32::try_from(rustix::thread::sched_getcpu()).expect("small");
        let start = |vcpu: Vcpu| vcpu.start(cpu, Arc::clone(&shared), sender.clone()).expect("a thread");
        Self { running: vcpus.into_iter().map(start).collect(), shared, reports }
    }

    fn report(&self) -> VcpuReport {
        self.reports.recv_timeout(Duration::from_secs(20)).expect("a report")
    }

    fn stop(self) {
        assert!(stop(&self.shared, self.running), "a vCPU did not stop");
    }
}

#[test]
fn a_write_to_the_device_has_its_effect_and_is_counted() {
    // MOV DWORD PTR [RAX + 0x118], 1: the LWK panics.
    let guest = Guest::start(&[&DEVICE_IN_RAX, &[0xc7, 0x80, 0x18, 1, 0, 0, 1, 0, 0, 0], &FOREVER], |_| ());
    assert!(matches!(guest.report(), VcpuReport::Device(Effect::Panic)));
    assert_eq!(guest.shared.exits.of(ExitReason::DeviceWrite), 1);
    guest.stop();
}

#[test]
fn a_write_of_a_wrong_width_is_a_violation() {
    // MOV BYTE PTR [RAX + 0x70], 1.
    let guest = Guest::start(&[&DEVICE_IN_RAX, &[0xc6, 0x40, 0x70, 1], &FOREVER], |_| ());
    assert!(matches!(guest.report(), VcpuReport::Device(Effect::Violation(_))));
    guest.stop();
}

#[test]
fn a_guest_that_never_leaves_is_stopped_at_once() {
    let guest = Guest::start(&[&FOREVER], |_| ());
    std::thread::sleep(Duration::from_millis(50));
    let started = Instant::now();
    guest.stop();
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_triple_fault_is_reported_with_the_registers() {
    // UD2, without an interrupt descriptor table.
    let forget = |memory: &GuestMemoryMmap| {
        let tables = (0..32 << 20).step_by(4096).filter(|page| is_descriptor_table(memory, GuestPhysical(*page)));
        for page in tables.collect::<Vec<_>>() {
            memory.write_slice(&[0; 4096], GuestAddress(page)).expect("inside");
        }
    };
    let guest = Guest::start(&[&[0x0f, 0x0b]], forget);
    let VcpuReport::Fatal(text) = guest.report() else { panic!("not fatal") };
    assert!(text.contains("triple fault") && text.contains("rip="), "{text}");
    guest.stop();
}

/// Whether the page begins with a present interrupt gate for the kernel's code segment.
fn is_descriptor_table(memory: &GuestMemoryMmap, page: GuestPhysical) -> bool {
    let gate: u64 = memory.read_obj(GuestAddress(page.as_u64())).expect("inside");
    gate >> 16 & 0xffff == 0x10 && gate >> 40 & 0xff == 0x8e
}

#[test]
fn more_vcpus_than_kvm_has_are_refused_before_anything_is_made() {
    let device = probe::open_kvm().expect("a usable /dev/kvm");
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 1 << 20)]).expect("memory");
    let asked = device.get_max_vcpus().max(MAX_VCPUS) + 1;
    let refused = Machine::new(&device, &memory, asked);
    assert!(matches!(refused, Err(VmError::TooManyVcpus { .. })));
}

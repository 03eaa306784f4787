//! The machine without its vCPUs: memory slots, local APICs, and the wires of the device.

use std::fs::File;

use kvm_bindings::{
    KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API, KVM_IRQ_ROUTING_MSI, KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK,
    KVM_X2APIC_API_USE_32BIT_IDS, KvmIrqRouting, kvm_enable_cap, kvm_irq_routing_entry,
    kvm_irq_routing_entry__bindgen_ty_1, kvm_irq_routing_msi,
};
use kvm_ioctls::{Cap, IoEventAddress, Kvm, NoDatamatch, VcpuFd, VmFd};
use virtio_ikc::device::{config, register};
use virtio_ikc::layout::{DEVICE_PHYSICAL, vector};
use vm_memory::GuestMemoryMmap;
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};

use super::error::kvm;
use super::{Processors, Vcpu, VmError};
use crate::arch::{memory_slot, vcpu_statistics};
use crate::boot::Booted;

/// Interrupt lines of the I/O APIC that there is not; the device's lines come after them.
const IOAPIC_PINS: u32 = 24;
/// Where interrupt messages go (Intel SDM vol. 3, 11.11.1).
const MESSAGE_ADDRESS: u32 = 0xfee0_0000;

/// A virtual machine with memory and vCPUs that have no registers yet.
#[derive(Debug)]
pub struct Machine {
    vm: VmFd,
    doorbell: EventFd,
    zeroing: EventFd,
    interrupts: Vec<EventFd>,
    vcpus: Vec<VcpuFd>,
}

impl Machine {
    /// Makes a machine with this memory, `vcpus` vCPUs and the wires for them.
    ///
    /// # Errors
    /// [`VmError`]
    pub fn new(device: &Kvm, memory: &GuestMemoryMmap, vcpus: usize) -> Result<Self, VmError> {
        let most = device.get_max_vcpus();
        if vcpus > most {
            return Err(VmError::TooManyVcpus { asked: vcpus, most });
        }
        let vm = kvm("create a virtual machine", device.create_vm())?;
        make_interrupt_controllers(&vm)?;
        kvm("give memory to a virtual machine", memory_slot::add_memory(&vm, memory))?;
        let interrupts = (0..vcpus).map(|_| event()).collect::<Result<Vec<_>, _>>()?;
        let create = |index| kvm("create a vCPU", vm.create_vcpu(index as u64));
        let vcpus = (0..vcpus).map(create).collect::<Result<_, _>>()?;
        let machine = Self { vm, doorbell: event()?, zeroing: blocking_event()?, interrupts, vcpus };
        machine.connect()?;
        Ok(machine)
    }

    /// The machine's descriptor.
    pub(crate) const fn vm(&self) -> &VmFd {
        &self.vm
    }

    /// Signalled when the driver notifies the device of any queue.
    #[must_use]
    pub const fn doorbell(&self) -> &EventFd {
        &self.doorbell
    }

    /// Signalled when pages wait on the zeroing list; reads of it block.
    #[must_use]
    pub const fn zeroing(&self) -> &EventFd {
        &self.zeroing
    }

    /// For each vCPU, what interrupts it when it is signalled.
    #[must_use]
    pub fn interrupts(&self) -> &[EventFd] {
        &self.interrupts
    }

    /// For each vCPU, KVM's own counters; `None` where KVM does not offer them (before Linux 5.14).
    #[must_use]
    pub fn statistics(&self) -> Vec<Option<File>> {
        self.vcpus.iter().map(|vcpu| vcpu_statistics::open(vcpu).ok()).collect()
    }

    /// Ticks of the guest's time-stamp counter in a millisecond; `None` where KVM does not tell.
    #[must_use]
    pub fn tsc_khz(&self) -> Option<u32> {
        self.vcpus.first()?.get_tsc_khz().ok().filter(|khz| *khz > 0)
    }

    /// Gives the vCPUs what they start with, and hands them out.
    ///
    /// # Errors
    /// [`VmError`]
    pub fn prepare_vcpus(&mut self, processors: &Processors, booted: Booted) -> Result<Vec<Vcpu>, VmError> {
        let prepare = |(index, vcpu): (usize, VcpuFd)| {
            kvm("set a vCPU's features", vcpu.set_cpuid2(&processors.cpuid.of_vcpu(index)?))?;
            Vcpu::new(vcpu, &processors.start(index, booted))
        };
        self.vcpus.drain(..).enumerate().map(prepare).collect()
    }

    fn connect(&self) -> Result<(), VmError> {
        let routes: Vec<_> = (0..).zip(&self.interrupts).map(|(vcpu, _)| route(vcpu)).collect();
        let routes = KvmIrqRouting::from_entries(&routes)
            .map_err(|_| VmError::TooManyVcpus { asked: routes.len(), most: routes.len().saturating_sub(1) })?;
        kvm("route interrupts", self.vm.set_gsi_routing(&routes))?;
        for (line, interrupt) in (IOAPIC_PINS..).zip(&self.interrupts) {
            kvm("connect an interrupt", self.vm.register_irqfd(interrupt, line))?;
        }
        let place = IoEventAddress::Mmio(DEVICE_PHYSICAL + register::QUEUE_NOTIFY);
        kvm("connect the doorbell", self.vm.register_ioevent(&self.doorbell, &place, NoDatamatch))?;
        let place = IoEventAddress::Mmio(DEVICE_PHYSICAL + register::CONFIG + config::ZEROING);
        kvm("connect a doorbell", self.vm.register_ioevent(&self.zeroing, &place, NoDatamatch))
    }
}

fn event() -> Result<EventFd, VmError> {
    EventFd::new(EFD_CLOEXEC | EFD_NONBLOCK).map_err(VmError::EventFd)
}

fn blocking_event() -> Result<EventFd, VmError> {
    EventFd::new(EFD_CLOEXEC).map_err(VmError::EventFd)
}

/// Local APICs in the kernel, without the legacy controllers where KVM can leave them out.
fn make_interrupt_controllers(vm: &VmFd) -> Result<(), VmError> {
    let split = kvm_enable_cap {
        cap: KVM_CAP_SPLIT_IRQCHIP,
        args: [u64::from(IOAPIC_PINS), 0, 0, 0],
        ..kvm_enable_cap::default()
    };
    if !vm.check_extension(Cap::SplitIrqchip) || vm.enable_cap(&split).is_err() {
        kvm("make an interrupt controller", vm.create_irq_chip())?;
    }
    let wide = KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK;
    let x2apic =
        kvm_enable_cap { cap: KVM_CAP_X2APIC_API, args: [u64::from(wide), 0, 0, 0], ..kvm_enable_cap::default() };
    kvm("address x2APICs", vm.enable_cap(&x2apic))
}

/// The route of the device's interrupt for vCPU `target`, whose APIC has that number.
fn route(target: u32) -> kvm_irq_routing_entry {
    let message = kvm_irq_routing_msi {
        address_lo: MESSAGE_ADDRESS | (target & 0xff) << 12,
        address_hi: target & !0xff,
        data: u32::from(vector::DEVICE),
        ..kvm_irq_routing_msi::default()
    };
    kvm_irq_routing_entry {
        gsi: IOAPIC_PINS + target,
        type_: KVM_IRQ_ROUTING_MSI,
        u: kvm_irq_routing_entry__bindgen_ty_1 { msi: message },
        ..kvm_irq_routing_entry::default()
    }
}

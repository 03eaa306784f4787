//! Telling other vCPUs that a page table has changed.
//!
//! A vCPU that is in the LWK does not use its program's translations; it forgets them before the program goes on. So only those that
//! are in their program have to be interrupted and waited for.

use core::sync::atomic::Ordering;

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::MemoryRegion;

use super::vcpu::{self, Vcpu};
use crate::arch::{current, privileged};

/// Forget all translations.
pub const FLUSH: u64 = 2;
/// Leave the program once.
const BARRIER: u64 = 8;
/// Stop using the page table: it is about to be given back.
pub const DROP: u64 = 4;

fn others_with(root: GuestPhysical) -> impl Iterator<Item = &'static Vcpu> {
    let own = current::vcpu();
    vcpu::all().iter().filter(move |vcpu| vcpu.index != own && vcpu.root.load(Ordering::SeqCst) == root.0)
}

/// Forgets on every vCPU what is known of `region` in the address space `root`.
pub fn flush(root: GuestPhysical, region: MemoryRegion) {
    if vcpu::this().root.load(Ordering::Relaxed) == root.0 {
        privileged::flush(root, region);
    }
    for vcpu in others_with(root) {
        privileged::ask(vcpu.index, FLUSH);
    }
    for vcpu in others_with(root) {
        if privileged::is_in_program(vcpu.index) {
            privileged::interrupt(vcpu.index);
            while privileged::is_in_program(vcpu.index) && privileged::asked(vcpu.index) & FLUSH != 0 {
                core::hint::spin_loop();
            }
        }
    }
}

/// Lets every vCPU that runs a program of the address space `root`, or of any (`None`), leave it once (membarrier(2)).
pub fn barrier(root: Option<GuestPhysical>) {
    let own = current::vcpu();
    let meant = |vcpu: &&Vcpu| vcpu.index != own && root.is_none_or(|root| vcpu.root.load(Ordering::SeqCst) == root.0);
    for vcpu in vcpu::all().iter().filter(meant) {
        privileged::ask(vcpu.index, BARRIER);
        if privileged::is_in_program(vcpu.index) {
            privileged::interrupt(vcpu.index);
        }
        while privileged::is_in_program(vcpu.index) && privileged::asked(vcpu.index) & BARRIER != 0 {
            core::hint::spin_loop();
        }
    }
}

/// Waits until no vCPU uses `root` any more. No thread of it is left.
pub fn forget(root: GuestPhysical) {
    for vcpu in others_with(root) {
        privileged::ask(vcpu.index, DROP);
        while vcpu.root.load(Ordering::SeqCst) == root.0 {
            super::give_way();
        }
    }
}

//! The boot page, and the one question that depends on the privilege mode.
#![allow(unsafe_code)]

use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use virtio_ikc::boot::{BootPage, Privilege, flag};

static PAGE: AtomicPtr<BootPage> = AtomicPtr::new(core::ptr::null_mut());
static RING3: AtomicBool = AtomicBool::new(false);

/// Takes note of the boot page at `address` (in the direct map).
pub(super) fn set(address: u64) {
    let page = address as *mut BootPage;
    PAGE.store(page, Ordering::Relaxed);
    RING3.store(self::page().privilege == Privilege::RING3.0, Ordering::Relaxed);
}

/// The boot page.
pub fn page() -> &'static BootPage {
    // SAFETY: `set` ran before anything else, with the address of the page that the VMM wrote and nobody changes.
    unsafe { &*PAGE.load(Ordering::Relaxed) }
}

/// Whether the boot page has all bits of `flags` (see [`flag`]).
pub fn has(flags: u32) -> bool {
    page().flags & flags == flags
}

/// Whether whoever waits may spin.
pub fn may_spin() -> bool {
    has(flag::MAY_SPIN)
}

/// Whether the LWK runs at CPL3. Only `arch/` may ask.
pub(super) fn ring3() -> bool {
    RING3.load(Ordering::Relaxed)
}

//! The IKC device's registers. Each access but the doorbell is an exit to the VMM (30 us on class S hosts).
#![allow(unsafe_code)]

use virtio_ikc::layout::DEVICE_REGISTERS;

fn register(offset: u64) -> *mut u32 {
    assert!(offset < 0x1000 && offset.is_multiple_of(4));
    (DEVICE_REGISTERS + offset) as *mut u32
}

/// Reads the register at `offset`.
pub fn read(offset: u64) -> u32 {
    // SAFETY: the VMM maps the device's page there.
    unsafe { register(offset).read_volatile() }
}

/// Writes the register at `offset`.
pub fn write(offset: u64, value: u32) {
    // SAFETY: as for `read`.
    unsafe { register(offset).write_volatile(value) }
}

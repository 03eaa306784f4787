//! The counters that `--stats` prints, in memory that the VMM reads.

use core::mem::offset_of;
use core::sync::atomic::Ordering;

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::statistics::{COUNTED_CALLS, CallCount, Statistics};

use crate::arch::{boot, direct_map};
use crate::memory::frames;

fn add(offset: usize, amount: u64) {
    let place = GuestPhysical(boot::page().statistics.0 + offset as u64);
    direct_map::atomic_u64(place).fetch_add(amount, Ordering::Relaxed);
}

fn set(offset: usize, value: u64) {
    let place = GuestPhysical(boot::page().statistics.0 + offset as u64);
    direct_map::atomic_u64(place).store(value, Ordering::Relaxed);
}

/// Counts a system call that took `ticks`.
pub fn call(number: u16, offloaded: bool, ticks: u64) {
    let index = usize::from(number).min(COUNTED_CALLS - 1);
    let entry = offset_of!(Statistics, calls) + index * size_of::<CallCount>();
    let counter = if offloaded { offset_of!(CallCount, offloaded) } else { offset_of!(CallCount, local) };
    add(entry + counter, 1);
    add(entry + offset_of!(CallCount, ticks), ticks);
}

/// Counts a resolved or refused page fault.
pub fn page_fault() {
    add(offset_of!(Statistics, page_faults), 1);
}

/// Counts a doorbell.
pub fn doorbell() {
    add(offset_of!(Statistics, doorbells), 1);
}

/// Counts a halt of a vCPU that waits.
pub fn halt() {
    add(offset_of!(Statistics, halts), 1);
}

/// Counts an interrupt that hit a program.
pub fn interrupt() {
    add(offset_of!(Statistics, interrupts), 1);
}

/// Counts a signal that was delivered to a handler.
pub fn signal() {
    add(offset_of!(Statistics, signals), 1);
}

/// Counts a large page that had been zeroed when it was needed.
pub fn zeroed_ahead() {
    add(offset_of!(Statistics, zeroed_ahead), 1);
}

/// Counts a system call that trapped though it need not have.
pub fn trapped() {
    add(offset_of!(Statistics, trapped), 1);
}

/// Counts a `syscall` instruction that was replaced.
pub fn rewritten() {
    add(offset_of!(Statistics, rewritten), 1);
}

/// Notes how much memory is in use as the first program begins.
pub fn first_memory() {
    set(offset_of!(Statistics, memory_first), frames::usage().1);
}

/// Notes how much memory is in use.
pub fn memory() {
    let (total, used, peak) = frames::usage();
    set(offset_of!(Statistics, memory_total), total);
    set(offset_of!(Statistics, memory_used), used);
    set(offset_of!(Statistics, memory_peak), peak);
}

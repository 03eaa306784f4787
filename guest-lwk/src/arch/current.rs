//! Who is running: found from the stack pointer, so that no register of the program is needed for it.
//!
//! Every thread's LWK stack begins at a multiple of its size with a header that names the thread.
#![allow(unsafe_code)]

use core::arch::asm;

use virtio_ikc::layout::{VCPU_AREA_BYTES, VCPU_AREAS};

use crate::process::thread::Thread;

/// Bytes of a thread's LWK stack; also its alignment.
pub const STACK_BYTES: u64 = 32 << 10;
/// Says that a stack header is one, and that the stack has not grown over it.
const HEADER_MAGIC: u64 = 0x4c57_4b53_5441_434b;

/// The lowest bytes of a thread's LWK stack.
#[repr(C)]
struct StackHeader {
    magic: u64,
    thread: *const Thread,
}

/// Writes the header of the stack at `bottom` (in the direct map): it belongs to `thread`.
pub fn prepare_stack(bottom: u64, thread: *const Thread) {
    let header = bottom as *mut StackHeader;
    // SAFETY: the caller has just allocated the stack; nobody else knows it.
    unsafe { header.write(StackHeader { magic: HEADER_MAGIC, thread }) }
}

fn stack_pointer() -> u64 {
    let stack: u64;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mov {}, rsp", out(reg) stack, options(nomem, nostack, preserves_flags)) }
    stack
}

/// The thread this code runs for, or `None` where there is none: at boot, and while a vCPU is idle. It lives as long as it runs,
/// and nobody keeps what this answers for longer.
pub fn try_thread() -> Option<&'static Thread> {
    let header = (stack_pointer() & !(STACK_BYTES - 1)) as *const StackHeader;
    // SAFETY: every stack of the LWK lies in mapped memory that begins at a multiple of STACK_BYTES; the stacks of
    // the boot code have no header there, which the magic number tells.
    unsafe { ((*header).magic == HEADER_MAGIC).then(|| &*(*header).thread) }
}

/// The thread this code runs for.
///
/// # Panics
/// On a boot stack, and when a stack has overflowed.
pub fn thread() -> &'static Thread {
    try_thread().expect("no thread: the LWK stack has overflowed")
}

/// The vCPU this code runs on.
pub fn vcpu() -> usize {
    match try_thread() {
        Some(thread) => thread.vcpu(),
        None => boot_stack_owner(stack_pointer()),
    }
}

/// The vCPU in whose area a boot stack lies.
fn boot_stack_owner(stack: u64) -> usize {
    usize::try_from(stack.saturating_sub(VCPU_AREAS) / VCPU_AREA_BYTES).unwrap_or(0)
}

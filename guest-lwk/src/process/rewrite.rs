//! System calls without the trap, as threads meet them: see [`lwk_core::rewrite`].

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use spin::Once;
use virtio_ikc::boot::flag;
use virtio_ikc::layout::MAX_VCPUS;

use super::thread::Thread;
use crate::arch::context::Context;
use crate::arch::{boot, entry};
use crate::memory::rewrite::{Interrupted, cleared};
use crate::statistics;

/// Exceptions (Intel SDM vol. 3, 6.15).
const INVALID_OPCODE: u64 = 6;
/// No vCPU has said its number.
const UNKNOWN: u32 = u32::MAX;

/// What RDPID reads on each vCPU.
static NUMBERS: [AtomicU32; MAX_VCPUS] = [const { AtomicU32::new(UNKNOWN) }; MAX_VCPUS];
/// Where a trampoline enters the LWK, by that number.
static TABLE: Once<Option<Vec<u64>>> = Once::new();

/// What an interruption of a program was.
pub enum Arrival {
    /// Of the program.
    Program,
    /// Of nothing: it goes on elsewhere.
    Nothing,
    /// It was making a system call, which returns by the trampoline with this tail.
    Calling { tail: u64 },
}

/// Takes note that RDPID reads `number` on `vcpu`.
pub fn register(vcpu: usize, number: u32) {
    NUMBERS[vcpu].store(number, Ordering::SeqCst);
}

/// The address of the table that trampolines look into; `None` as long as vCPUs are starting, and if two of them share a number.
fn table() -> Option<u64> {
    if let Some(table) = TABLE.get() {
        return table.as_ref().map(|table| table.as_ptr() as u64);
    }
    let count = boot::page().vcpu_count as usize;
    let numbers: Vec<u32> = NUMBERS[..count].iter().map(|number| number.load(Ordering::SeqCst)).collect();
    if numbers.contains(&UNKNOWN) {
        return None;
    }
    let made = TABLE.call_once(|| {
        let mut table = vec![0; numbers.iter().max().map_or(0, |most| *most as usize + 1)];
        for (vcpu, number) in numbers.iter().enumerate() {
            let place = &mut table[*number as usize];
            if *place != 0 {
                return None;
            }
            *place = entry::rewritten_call(vcpu);
        }
        Some(table)
    });
    made.as_ref().map(|table| table.as_ptr() as u64)
}

/// A system call of `thread` has trapped and returns to `behind`, or, unless it `returns`, is in front of it and the thread's last. Whether
/// it has been replaced.
pub fn trapped(thread: &Thread, behind: u64, returns: bool) -> bool {
    if !boot::has(flag::REWRITE) {
        return false;
    }
    statistics::trapped();
    let Some(table) = table() else { return false };
    let process = thread.process();
    // The slot's, and the guard's when it is locked.
    let is_alone = boot::page().vcpu_count == 1 || {
        let space = process.space.share();
        process.threads.lock().len() == 1 && Arc::strong_count(&space) == 2
    };
    process.space.lock().note_trap(behind, returns, table, is_alone)
}

/// A program was interrupted by `vector`: gives `context` the registers that it would have if no system call had been replaced.
pub fn arrived(thread: &Thread, context: &mut Context, vector: u64) -> Arrival {
    if !boot::has(flag::REWRITE) {
        return Arrival::Program;
    }
    let space = thread.process().space.lock();
    let seen = thread.cleared_seen.swap(cleared(), Ordering::Relaxed);
    match space.interrupted_at(context.rip, seen) {
        Interrupted::Calling { tail, behind } => {
            (context.rip, context.rcx, context.r11) = (behind, behind, context.rflags);
            context.original_rax = context.rax;
            context.tail = tail;
            return Arrival::Calling { tail };
        }
        Interrupted::Moved { address, returned } => {
            context.rip = address;
            if returned {
                context.rcx = address;
            }
        }
        Interrupted::Program => {}
    }
    if vector != INVALID_OPCODE {
        return Arrival::Program;
    }
    match space.moved_place(context.rip) {
        Some(place) => {
            context.rip = place;
            Arrival::Nothing
        }
        None if space.was_put_back(context.rip) => Arrival::Nothing,
        None => Arrival::Program,
    }
}

/// Lets a program that goes on where an instruction was moved away go on where that is now.
pub fn resume(thread: &Thread, context: &mut Context) {
    if !boot::has(flag::REWRITE) {
        return;
    }
    if let Some(place) = thread.process().space.lock().moved_place(context.rip) {
        context.rip = place;
    }
}

/// Whether the trampoline by which `thread` made a call may be gone: places of trampolines have been given away since `before`.
pub fn may_be_gone(thread: &Thread, before: u64) -> bool {
    let now = cleared();
    if now != before {
        thread.cleared_seen.store(now, Ordering::Relaxed);
    }
    now != before
}

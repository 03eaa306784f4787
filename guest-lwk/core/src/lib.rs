//! The LWK's pure algorithms.
//!
//! What decides without touching hardware lives here, apart from the kernel that acts on it, for one reason: these
//! are the parts where a mistake corrupts memory silently, and on the host they run under unit tests, under
//! property tests against naive models, and beside Linux itself. The crate knows no page table in memory, no lock
//! and no current thread; it takes numbers and bytes, and gives back plans that `guest-lwk` carries out.
//!
//! No input may make it panic where the input comes from a program: ELF headers, scripts, arguments, ranges.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod commit;
pub mod elf;
pub mod frames;
pub mod futex;
pub mod page_table;
pub mod protection;
pub mod rewrite;
pub mod script;
pub mod signal;
pub mod stack;
pub mod timer;
pub mod vma;

mod number;

//! System calls without the trap: what a `syscall` instruction is replaced by, and where that leads.
//!
//! Where the LWK runs beside its program, the processor's SYSCALL is trapped by the host and costs microseconds, a jump nothing. So a
//! `syscall` that has trapped before may become a jump to a *trampoline*, which enters the LWK as the trap would have.
//!
//! The jump has five bytes and the `syscall` two, so what follows it is moved to the trampoline. That it is an instruction, and that this
//! one ends there, is known and not guessed: the program went on there when the call returned. Of what comes before nothing is assumed,
//! unless what follows is a jump back to just there: then the jump begins in front of the `syscall`, and the instructions there are moved.
//! A jump into the middle still works, because every byte of the jump at which an instruction used to begin is one that no instruction
//! begins with ([`INVALID`]): it raises an exception, and the LWK lets the program go on in the trampoline's copy. The displacement of
//! the jump is made of such bytes, so a trampoline can only lie in certain places; [`Plan::places`] names them.

mod instruction;
mod plan;
mod trampoline;

pub use plan::{INVALID, PATCH_BYTES, Plan};
pub use trampoline::{Offset, TRAMPOLINE_BYTES, Trampoline};

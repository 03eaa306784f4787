//! Signals as data: numbers, sets, actions, and what waits to be delivered.
//!
//! Which signal comes next, which ones melt into one, what a signal does when nobody has asked for it: these are
//! rules of signal(7) and of Linux's kernel/signal.c that need neither threads nor frames on a stack, so
//! they stand here. Delivery is the kernel's.

mod action;
mod info;
mod number;
mod pending;
mod set;

pub use action::{ActionFlags, Handler, SignalAction, SignalActions};
pub use info::{SIGINFO_BYTES, SignalInfo, code};
pub use number::{DefaultAction, Signal};
pub use pending::{PendingSignals, Pushed, dequeue};
pub use set::SignalSet;

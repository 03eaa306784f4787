//! What only the processor and the kernel's entry can say: raw system calls, the routine that can be interrupted
//! without a race, and fork. The only unsafe code beside the memory modules.

mod descriptor;
mod fork;
mod fork_as;
mod interruptible;
mod raw_call;
mod signal;
mod thread;
mod ticker;

pub(crate) use descriptor::{
    borrow_descriptor, close_descriptor, close_inherited, close_streams, drain_signals, signal_descriptor,
};
pub(crate) use fork::{end_process, fork};
pub(crate) use fork_as::fork_as;
pub(crate) use interruptible::{INTERRUPTED, Interruptible, install_handler};
pub(crate) use raw_call::{Argument, Message, Vector, call};
pub(crate) use signal::{
    ChildrenThat, INTERRUPT_SIGNAL, PARENT_GONE_SIGNAL, SignalInfo, SignalSet, block_all_but, consume_pending,
    default_action, has_thread, ignored_signals, interrupt_thread, look_for_child, pending_signals, queue_signal,
    raise_default, send_signal, set_child_action, set_parent_death_signal, stop_by, take_pending, wait_for_signal,
};
pub(crate) use thread::start_small_thread;
pub(crate) use ticker::Ticker;

//! The `rt_sig`* calls.

use lwk_core::signal::{Signal, SignalAction, SignalSet};

use crate::arch::context::Context;
use crate::arch::time::{self, Clock};
use crate::errno::{Errno, SysResult};
use crate::memory::peek;
use crate::process::fault;
use crate::process::signal::deliver::RESTART_WITHOUT_HANDLER;
use crate::process::signal::{AlternateStack, frame, left, linux, wait};
use crate::process::thread::Thread;

/// Bytes of the kernel's `sigset_t`.
const SET_BYTES: u64 = 8;
const SIG_BLOCK: u64 = 0;
const SIG_UNBLOCK: u64 = 1;
const SIG_SETMASK: u64 = 2;

fn check_size(size: u64) -> Result<(), Errno> {
    if size == SET_BYTES { Ok(()) } else { Err(Errno::EINVAL) }
}

fn signal_of(number: u64) -> Result<Signal, Errno> {
    u32::try_from(number & 0xffff_ffff).ok().and_then(Signal::new).ok_or(Errno::EINVAL)
}

/// `rt_sigaction(2)`.
pub fn action(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [number, new, old, size, ..] = arguments;
    check_size(size)?;
    let mut space = thread.process().space.lock();
    let mut replacement = None;
    if new != 0 {
        let mut bytes = [0; SignalAction::BYTES];
        space.copy_in(new, &mut bytes)?;
        replacement = Some(SignalAction::from_bytes(&bytes));
    }
    let signal = signal_of(number)?;
    let mut own = thread.signals.lock();
    let mut shared = thread.process().signals.lock();
    let previous = match replacement {
        Some(action) => shared.actions.set(signal, action).ok_or(Errno::EINVAL)?,
        None => *shared.actions.get(signal),
    };
    let dropped = replacement.is_some() && shared.actions.is_ignored(signal);
    if dropped {
        own.pending.remove(SignalSet::of(signal));
        shared.pending.remove(SignalSet::of(signal));
    }
    linux::follow_terminal_signals(thread.process(), &shared.actions);
    drop((own, shared));
    if dropped {
        thread.process().timers.signal_dropped(signal);
    }
    if let Some(action) = replacement.filter(|_| signal == Signal::CHLD) {
        linux::follow(&previous, &action);
    }
    if old != 0 {
        space.copy_out(old, &previous.to_bytes())?;
    }
    Ok(0)
}

/// `rt_sigprocmask(2)`.
pub fn mask(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [how, new, old, size, ..] = arguments;
    check_size(size)?;
    let mut space = thread.process().space.lock();
    // A page of a file may have to be read for this, and whoever waits for Linux looks at the signals.
    let set = if new == 0 { None } else { Some(SignalSet(space.read(new)?)) };
    let previous = {
        let mut own = thread.signals.lock();
        let previous = own.mask;
        if let Some(set) = set {
            own.mask = changed(previous, how, set).ok_or(Errno::EINVAL)?;
        }
        previous
    };
    if old != 0 {
        space.write(old, &previous.0)?;
    }
    Ok(0)
}

/// The mask `previous` changed by `set` as `how` says.
fn changed(previous: SignalSet, how: u64, set: SignalSet) -> Option<SignalSet> {
    let mask = match how & 0xffff_ffff {
        SIG_BLOCK => previous | set,
        SIG_UNBLOCK => previous.without(set),
        SIG_SETMASK => set,
        _ => return None,
    };
    Some(mask.as_mask())
}

/// `rt_sigprocmask(2)` as a quick call: as long as no signal is concerned, nobody has the locks, and the memory is at hand.
pub fn quick_mask(thread: &Thread, arguments: [u64; 6]) -> Option<u64> {
    let [how, new, old, size, ..] = arguments;
    let process = thread.process();
    if size != SET_BYTES || process.left.is_watching() {
        return None;
    }
    let root = process.root();
    let source = if new == 0 { None } else { Some(peek::page(root, new)?) };
    let set = match &source {
        Some(page) => Some(SignalSet(page.read(new)?)),
        None => None,
    };
    let mut own = thread.signals.try_lock()?;
    let previous = own.mask;
    let mask = set.map_or(Some(previous), |set| changed(previous, how, set))?;
    let unblocks = !previous.without(mask).is_empty();
    // Whoever sends a signal after this look sees the new mask: it takes the lock for it.
    if unblocks && (!own.pending.is_empty() || !process.signals.try_lock()?.pending.is_empty()) {
        return None;
    }
    if old != 0 {
        // Both sets often lie on the stack.
        let target = source.filter(|page| page.holds(old)).or_else(|| peek::page(root, old))?;
        if !target.write(old, previous.0) {
            return None;
        }
    }
    own.mask = mask;
    Some(0)
}

/// `rt_sigpending(2)`.
pub fn pending(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, size, ..] = arguments;
    if size > SET_BYTES {
        return Err(Errno::EINVAL);
    }
    crate::schedule::poll();
    let waiting = {
        let own = thread.signals.lock();
        (own.pending.set() | thread.process().signals.lock().pending.set()) & own.mask
    };
    let bytes = (waiting | left::pending(thread.process())).0.to_le_bytes();
    let count = usize::try_from(size).unwrap_or(0);
    thread.process().space.lock().copy_out(address, &bytes[..count])?;
    Ok(0)
}

/// `rt_sigsuspend(2)`.
pub fn suspend(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, size, ..] = arguments;
    check_size(size)?;
    let mask: u64 = thread.process().space.lock().read(address)?;
    thread.signals.lock().wait_with(SignalSet(mask));
    left::follow(thread);
    wait::until_deliverable(thread);
    Err(Errno(RESTART_WITHOUT_HANDLER))
}

/// pause(2).
pub fn pause(thread: &Thread) -> SysResult {
    wait::until_deliverable(thread);
    Err(Errno(RESTART_WITHOUT_HANDLER))
}

/// `rt_sigtimedwait(2)`.
pub fn timed_wait(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [wanted, information, timeout, size, ..] = arguments;
    check_size(size)?;
    let (wanted, deadline) = {
        let mut space = thread.process().space.lock();
        let wanted = SignalSet(space.read(wanted)?).as_mask();
        let timeout = if timeout == 0 { None } else { Some(space.read::<[u64; 2]>(timeout)?) };
        (wanted, timeout.map(deadline).transpose()?)
    };
    let taken = wait::take(thread, wanted, deadline)?;
    if information != 0 {
        thread.process().space.lock().copy_out(information, &taken.to_bytes())?;
    }
    Ok(u64::from(taken.signal.number()))
}

fn deadline([seconds, nanoseconds]: [u64; 2]) -> Result<u64, Errno> {
    if seconds > i64::MAX as u64 || nanoseconds >= 1_000_000_000 {
        return Err(Errno::EINVAL);
    }
    let length = seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
    Ok(time::now(Clock::Monotonic).saturating_add(length))
}

/// sigaltstack(2).
pub fn alternate_stack(thread: &Thread, stack_pointer: u64, arguments: [u64; 6]) -> SysResult {
    let [new, old, ..] = arguments;
    let mut space = thread.process().space.lock();
    // As above: what reads or writes the program's memory may wait for Linux.
    let requested: Option<[u64; 3]> = if new == 0 { None } else { Some(space.read(new)?) };
    let previous = thread.signals.lock().alternate;
    if let Some([address, flags, length]) = requested {
        if previous.is_enabled() && previous.holds(stack_pointer) {
            return Err(Errno::EPERM);
        }
        let flags = u32::try_from(flags & 0xffff_ffff).unwrap_or(0);
        thread.signals.lock().alternate = AlternateStack::requested(address, length, flags)?;
    }
    if old != 0 {
        let flags = u64::from(previous.flags_at(stack_pointer));
        space.write(old, &[previous.address, flags, previous.length])?;
    }
    Ok(0)
}

/// `rt_sigreturn(2)`.
pub fn return_from_handler(thread: &Thread, context: &mut Context) {
    let popped = frame::pop(&mut thread.process().space.lock(), context);
    let Ok(returned) = popped else { return fault::bad_frame(thread) };
    let mut own = thread.signals.lock();
    own.mask = returned.mask;
    own.alternate = returned.alternate;
}

//! futex(2) and the robust lists.

use core::sync::atomic::Ordering;

use linux_raw_sys::general as abi;
use lwk_core::futex::HEAD_BYTES;

use crate::arch::time::Clock;
use crate::errno::{Errno, SysResult};
use crate::process::futex::{self, ANY, Deadline, Ended, Patience, Place, Requeue, Scope, Wait};
use crate::process::signal::deliver::{RESTART_FROM_DEADLINE, RESTART_WITH_FLAG};
use crate::process::table;
use crate::process::thread::Thread;

/// futex(2).
pub fn futex(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, operation, value, timeout, address2, value3] = arguments;
    let operation = Operation(low(operation));
    let deadline = operation.deadline(thread, timeout)?;
    operation.check_clock()?;
    let place = Place { address, scope: operation.scope() };
    let place2 = Place { address: address2, scope: operation.scope() };
    let (value, value2, value3) = (low(value), low(timeout), low(value3));
    let wait = |bitset| Wait { place, value, bitset };
    let requeue = |value| Requeue {
        from: place,
        to: place2,
        woken: low_signed(arguments[2]),
        moved: value2.cast_signed(),
        value,
    };
    match operation.command() {
        abi::FUTEX_WAIT => interruptible(thread, futex::wait(thread, &wait(ANY), deadline)?, deadline),
        abi::FUTEX_WAIT_BITSET => interruptible(thread, futex::wait(thread, &wait(value3), deadline)?, deadline),
        abi::FUTEX_WAKE => futex::wake(thread, place, value.cast_signed(), ANY),
        abi::FUTEX_WAKE_BITSET => futex::wake(thread, place, value.cast_signed(), value3),
        abi::FUTEX_REQUEUE => futex::requeue(thread, &requeue(None)),
        abi::FUTEX_CMP_REQUEUE => futex::requeue(thread, &requeue(Some(value3))),
        abi::FUTEX_WAKE_OP => {
            let counts = [value.cast_signed(), value2.cast_signed()];
            futex::wake_by_operation(thread, place, place2, counts, value3)
        }
        abi::FUTEX_LOCK_PI | abi::FUTEX_LOCK_PI2 => futex::lock(thread, place, Patience::Until(deadline)),
        abi::FUTEX_TRYLOCK_PI => futex::lock(thread, place, Patience::None),
        abi::FUTEX_UNLOCK_PI => futex::unlock(thread, place),
        abi::FUTEX_WAIT_REQUEUE_PI => futex::wait_for_requeue(thread, &wait(ANY), place2, deadline),
        abi::FUTEX_CMP_REQUEUE_PI => futex::requeue_to_lock(thread, &requeue(Some(value3))),
        _ => Err(Errno::ENOSYS),
    }
}

/// The register's lower half.
pub(super) fn low(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// The register's lower half as a signed number.
pub(super) fn low_signed(value: u64) -> i32 {
    low(value).cast_signed()
}

/// futex(2)'s second argument.
#[derive(Clone, Copy)]
struct Operation(u32);

impl Operation {
    fn command(self) -> u32 {
        self.0 & !(abi::FUTEX_PRIVATE_FLAG | abi::FUTEX_CLOCK_REALTIME)
    }

    fn scope(self) -> Scope {
        if self.0 & abi::FUTEX_PRIVATE_FLAG == 0 { Scope::Shared } else { Scope::Private }
    }

    fn is_realtime(self) -> bool {
        self.0 & abi::FUTEX_CLOCK_REALTIME != 0
    }

    /// When the wait ends, for the operations that have a time-out.
    fn deadline(self, thread: &Thread, address: u64) -> Result<Option<Deadline>, Errno> {
        let clock = if self.is_realtime() { Clock::Realtime } else { Clock::Monotonic };
        match self.command() {
            abi::FUTEX_WAIT => Deadline::relative(thread, address, thread.restart_deadline.swap(0, Ordering::Relaxed)),
            abi::FUTEX_LOCK_PI => Deadline::absolute(thread, address, Clock::Realtime),
            abi::FUTEX_LOCK_PI2 | abi::FUTEX_WAIT_BITSET | abi::FUTEX_WAIT_REQUEUE_PI => {
                Deadline::absolute(thread, address, clock)
            }
            _ => Ok(None),
        }
    }

    /// Only some operations know the flag for the clock.
    fn check_clock(self) -> Result<(), Errno> {
        match self.command() {
            abi::FUTEX_WAIT_BITSET | abi::FUTEX_WAIT_REQUEUE_PI | abi::FUTEX_LOCK_PI2 => Ok(()),
            _ if self.is_realtime() => Err(Errno::ENOSYS),
            _ => Ok(()),
        }
    }
}

/// The result of futex(2)'s waits: with a time-out, a handler ends them in any case (signal(7)), and without one they go on
/// until the time they were to end.
fn interruptible(thread: &Thread, ended: Ended, deadline: Option<Deadline>) -> SysResult {
    if let (Ended::Interrupted, Some(deadline)) = (ended, deadline) {
        thread.restart_deadline.store(deadline.nanoseconds(), Ordering::Relaxed);
        return Err(Errno(RESTART_FROM_DEADLINE));
    }
    result(ended)
}

/// The result of a wait that goes on after a handler with `SA_RESTART`.
pub(super) fn result(ended: Ended) -> SysResult {
    match ended {
        Ended::Woken => Ok(0),
        Ended::TimedOut => Err(Errno::ETIMEDOUT),
        Ended::Interrupted => Err(Errno(RESTART_WITH_FLAG)),
    }
}

/// `set_robust_list(2)`.
pub fn set_robust_list(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [head, length, ..] = arguments;
    if length != HEAD_BYTES {
        return Err(Errno::EINVAL);
    }
    *thread.robust_list.lock() = (head, length);
    Ok(0)
}

/// `get_robust_list(2)`.
pub fn robust_list(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [tid, head, length, ..] = arguments;
    let (list, _) = match low(tid) {
        0 => *thread.robust_list.lock(),
        tid => *table::thread(tid).ok_or(Errno::ESRCH)?.robust_list.lock(),
    };
    let mut space = thread.process().space.lock();
    space.write(length, &HEAD_BYTES)?;
    space.write(head, &list)?;
    Ok(0)
}

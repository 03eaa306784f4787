//! Calls that the LWK looks at before Linux may see them.

mod limits;
mod process;
mod signal;
mod system;

use linux_raw_sys::general as number;
use virtio_ikc::table::Call;

use super::local::{Sleep, sleep};
use crate::errno::{Errno, SysResult};
use crate::memory::file;
use crate::process::thread::Thread;

/// What a look came to.
pub enum First {
    /// The LWK answers.
    Done(SysResult),
    /// Linux is asked, with these arguments.
    Offload([u64; 6]),
}

/// Looks at `call`.
pub fn look(thread: &Thread, call: &Call, arguments: [u64; 6]) -> First {
    match u32::from(call.number) {
        number::__NR_msync => First::Done(sync(thread, arguments)),
        number::__NR_wait4 | number::__NR_waitid => process::wait(call, arguments),
        number::__NR_getrlimit => limits::get(thread, arguments),
        number::__NR_setrlimit => limits::set(thread, arguments),
        number::__NR_prlimit64 => limits::get_and_set(thread, arguments),
        number::__NR_getrusage => process::usage(thread, arguments),
        number::__NR_times => process::times(thread, arguments),
        number::__NR_personality => First::Done(process::personality(thread, arguments)),
        number::__NR_prctl => process::control(thread, arguments),
        number::__NR_kill => signal::kill(thread, arguments),
        number::__NR_tkill => signal::kill_thread(thread, arguments),
        number::__NR_tgkill => signal::kill_thread_of(thread, arguments),
        number::__NR_rt_sigqueueinfo => signal::queue(thread, arguments),
        number::__NR_rt_tgsigqueueinfo => signal::queue_thread(thread, arguments),
        number::__NR_sysinfo => First::Done(system::information(thread, arguments)),
        number::__NR_nanosleep => {
            let [request, remain, ..] = arguments;
            First::Done(sleep(
                thread,
                Sleep { clock: u64::from(number::CLOCK_MONOTONIC), absolute: false, request, remain },
            ))
        }
        number::__NR_clock_nanosleep => clock_sleep(thread, arguments),
        number::__NR_setitimer | number::__NR_getitimer => interval_timer(arguments),
        number::__NR_timer_create => create_timer(thread, arguments),
        number::__NR_signalfd | number::__NR_signalfd4 => First::Done(Err(Errno::ENOSYS)),
        _ => First::Offload(arguments),
    }
}

/// msync(2): private and anonymous memory needs nothing, shared files are Linux's to write back.
fn sync(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    use virtio_ikc::address::{PAGE_SIZE, page_align_up};
    let [start, length, flags, ..] = arguments;
    let known = u64::from(number::MS_ASYNC | number::MS_INVALIDATE | number::MS_SYNC);
    let both = u64::from(number::MS_ASYNC | number::MS_SYNC);
    if flags & !known != 0 || start % PAGE_SIZE != 0 || flags & both == both {
        return Err(Errno::EINVAL);
    }
    let end = page_align_up(length).and_then(|length| start.checked_add(length)).ok_or(Errno::ENOMEM)?;
    let (pieces, (covered, locked)) = {
        let space = thread.process().space.lock();
        (space.shared_pieces(&(start..end)), space.coverage(&(start..end)))
    };
    if locked && flags & u64::from(number::MS_INVALIDATE) != 0 {
        return Err(Errno::EBUSY);
    }
    for (handle, offset, length) in pieces {
        file::sync_window(handle, offset, length, flags)?;
    }
    if covered || start == end { Ok(0) } else { Err(Errno::ENOMEM) }
}

/// `clock_nanosleep(2)`: clocks of processors are refused, they stand still while we sleep.
fn clock_sleep(thread: &Thread, arguments: [u64; 6]) -> First {
    const TIMER_ABSTIME: u64 = 1;
    let [clock, flags, request, remain, ..] = arguments;
    let absolute = flags & TIMER_ABSTIME != 0;
    let result = sleep(thread, Sleep { clock, absolute, request, remain });
    let in_words = if clock == u64::from(number::CLOCK_THREAD_CPUTIME_ID) { Err(Errno::EINVAL) } else { result };
    First::Done(in_words)
}

/// timer_create(2): Linux keeps the timer and sends its signal to the proxy. Those of a thread, and those that count processor time, would
/// be the proxy's.
fn create_timer(thread: &Thread, arguments: [u64; 6]) -> First {
    const SIGEV_NONE: u32 = 1;
    let [clock, event, ..] = arguments;
    let mut how = 0;
    if event != 0 {
        match thread.process().space.lock().read::<u32>(event.wrapping_add(12)) {
            Ok(found) => how = found,
            Err(error) => return First::Done(Err(error)),
        }
    }
    let counts_processor_time = matches!(clock & 0xffff_ffff, 2 | 3) || clock & 0x8000_0000 != 0;
    if how > SIGEV_NONE || counts_processor_time {
        return First::Done(Err(Errno::ENOSYS));
    }
    First::Offload(arguments)
}

/// setitimer(2) and getitimer(2): real time is Linux's; the proxy's processor time is not the program's.
fn interval_timer(arguments: [u64; 6]) -> First {
    if arguments[0] == u64::from(number::ITIMER_REAL) {
        return First::Offload(arguments);
    }
    let known = [number::ITIMER_VIRTUAL, number::ITIMER_PROF].map(u64::from).contains(&arguments[0]);
    First::Done(Err(if known { Errno::ENOSYS } else { Errno::EINVAL }))
}

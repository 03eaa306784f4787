//! Calls that the LWK looks at before Linux may see them.

mod identity;
pub mod limits;
mod process;
mod signal;
mod system;
mod system_v;
mod wait;

use linux_raw_sys::general as number;
use virtio_ikc::table::Call;

use super::local::{Sleep, sleep};
use crate::errno::{Errno, SysResult};
use crate::memory::file;
use crate::process::thread::Thread;

pub use process::known_parent;

/// What a look came to.
pub enum First {
    /// The LWK answers.
    Done(SysResult),
    /// Linux is asked, with these arguments.
    Offload([u64; 6]),
}

/// Looks at `call`.
pub fn look(thread: &Thread, call: &'static Call, arguments: [u64; 6]) -> First {
    match u32::from(call.number) {
        number::__NR_msync => First::Done(sync(thread, arguments)),
        number::__NR_setpgid => process::set_group(thread, arguments),
        number::__NR_unshare => First::Done(process::unshare(thread, arguments)),
        number::__NR_getppid => process::parent(thread, arguments),
        number::__NR_getuid | number::__NR_geteuid | number::__NR_getgid | number::__NR_getegid => {
            First::Done(identity::get(thread, call))
        }
        number::__NR_setuid
        | number::__NR_setgid
        | number::__NR_setreuid
        | number::__NR_setregid
        | number::__NR_setresuid
        | number::__NR_setresgid => First::Done(identity::set(thread, call, arguments)),
        number::__NR_getrlimit => limits::get(thread, arguments),
        number::__NR_setrlimit => limits::set(thread, call, arguments),
        number::__NR_prlimit64 => limits::get_and_set(thread, call, arguments),
        number::__NR_getrusage => First::Done(process::usage(thread, arguments)),
        number::__NR_times => First::Done(process::times(thread, arguments)),
        number::__NR_wait4 => First::Done(wait::process(thread, call, arguments)),
        number::__NR_waitid => First::Done(wait::child(thread, call, arguments)),
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
        number::__NR_semctl => system_v::control(thread, call, arguments),
        number::__NR_mq_notify => system_v::notify(thread, call, arguments),
        number::__NR_signalfd | number::__NR_signalfd4 => signal::descriptor(thread, arguments),
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
        (space.shown_pieces(&(start..end)), space.coverage(&(start..end)))
    };
    if locked && flags & u64::from(number::MS_INVALIDATE) != 0 {
        return Err(Errno::EBUSY);
    }
    for (place, length) in pieces {
        file::sync_window(place, length, flags)?;
    }
    if covered || start == end { Ok(0) } else { Err(Errno::ENOMEM) }
}

/// `clock_nanosleep(2)`.
fn clock_sleep(thread: &Thread, arguments: [u64; 6]) -> First {
    const TIMER_ABSTIME: u64 = 1;
    let [clock, flags, request, remain, ..] = arguments;
    let absolute = flags & TIMER_ABSTIME != 0;
    First::Done(sleep(thread, Sleep { clock, absolute, request, remain }))
}

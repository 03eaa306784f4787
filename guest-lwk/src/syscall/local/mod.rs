//! Calls that the LWK answers itself.

mod affinity;
mod barrier;
mod copies;
mod futex;
mod futex2;
mod identity;
mod memory;
mod policy;
mod process;
mod rseq;
mod shared;
mod signal;
mod sleep;
mod thread;
mod time;
mod timer;

use linux_raw_sys::general as number;
use virtio_ikc::table::Call;

use crate::arch::context::Context;
use crate::errno::{Errno, SysResult};
use crate::process::exit;
use crate::process::thread::Thread;
use crate::verbose;

pub use signal::quick_mask;
pub use sleep::{Sleep, sleep};

/// Serves `call`; `None` if it replaced all registers.
pub fn serve(thread: &Thread, context: &mut Context, call: &Call, arguments: [u64; 6]) -> Option<SysResult> {
    match u32::from(call.number) {
        number::__NR_rt_sigreturn => {
            signal::return_from_handler(thread, context);
            None
        }
        number::__NR_sigaltstack => Some(signal::alternate_stack(thread, context.rsp, arguments)),
        number::__NR_exit => {
            super::trace::leaving(thread, call, arguments);
            exit::thread_with_status(arguments[0])
        }
        number::__NR_exit_group => {
            super::trace::leaving(thread, call, arguments);
            exit::with_status(arguments[0])
        }
        number::__NR_clone => Some(process::clone_classic(thread, context, arguments)),
        number::__NR_clone3 => Some(process::clone_extended(thread, context, arguments)),
        number::__NR_fork => Some(process::fork(thread, context)),
        number::__NR_vfork => Some(process::vfork(thread, context)),
        number::__NR_execve => process::execute(thread, context, arguments),
        number::__NR_execveat => process::execute_at(thread, context, arguments),
        _ => Some(answer(thread, call, arguments)),
    }
}

fn answer(thread: &Thread, call: &Call, arguments: [u64; 6]) -> SysResult {
    match u32::from(call.number) {
        number::__NR_mmap => memory::map(thread, arguments),
        number::__NR_munmap => memory::unmap(thread, arguments),
        number::__NR_mprotect => memory::protect(thread, arguments),
        number::__NR_pkey_mprotect => memory::protect_with_key(thread, arguments),
        number::__NR_pkey_alloc => Err(Errno::ENOSPC),
        number::__NR_pkey_free => Err(Errno::EINVAL),
        number::__NR_brk => Ok(thread.process().space.lock().set_break(arguments[0])),
        number::__NR_mremap => memory::remap(thread, arguments),
        number::__NR_remap_file_pages => memory::remap_file(thread, arguments),
        number::__NR_madvise => memory::advise(thread, arguments),
        number::__NR_mincore => memory::residency(thread, arguments),
        number::__NR_mlock | number::__NR_mlock2 => memory::lock(thread, call, arguments),
        number::__NR_munlock => memory::unlock(thread, arguments),
        number::__NR_mlockall => memory::lock_all(thread, arguments),
        number::__NR_munlockall => memory::unlock_all(thread),
        number::__NR_mbind | number::__NR_set_mempolicy | number::__NR_set_mempolicy_home_node => {
            policy::set(call, arguments)
        }
        number::__NR_get_mempolicy => policy::get(thread, arguments),
        number::__NR_migrate_pages => Ok(0),
        number::__NR_move_pages => policy::move_pages(thread, arguments),
        number::__NR_process_vm_readv | number::__NR_process_vm_writev => copies::copy(thread, call, arguments),
        number::__NR_getpid => Ok(u64::from(thread.process().pid())),
        number::__NR_gettid => Ok(u64::from(thread.tid())),
        number::__NR_uname => identity::uname(thread, arguments),
        number::__NR_clock_gettime => time::get(thread, arguments),
        number::__NR_clock_getres => time::resolution(thread, arguments),
        number::__NR_gettimeofday => time::time_of_day(thread, arguments),
        number::__NR_time => time::seconds(thread, arguments),
        number::__NR_shmget => shared::get(thread, arguments),
        number::__NR_shmat => shared::attach(thread, arguments),
        number::__NR_shmdt => shared::detach(thread, arguments),
        number::__NR_shmctl => shared::control(thread, arguments),
        number::__NR_timer_create => timer::create(thread, arguments),
        number::__NR_timer_settime => timer::set(thread, arguments),
        number::__NR_timer_gettime => timer::get(thread, arguments),
        number::__NR_timer_getoverrun => timer::overrun(thread, arguments),
        number::__NR_timer_delete => timer::delete(thread, arguments),
        number::__NR_setitimer => timer::set_interval(thread, arguments),
        number::__NR_getitimer => timer::get_interval(thread, arguments),
        number::__NR_alarm => timer::alarm(thread, arguments),
        number::__NR_rt_sigaction => signal::action(thread, arguments),
        number::__NR_rt_sigprocmask => signal::mask(thread, arguments),
        number::__NR_rt_sigpending => signal::pending(thread, arguments),
        number::__NR_rt_sigsuspend => signal::suspend(thread, arguments),
        number::__NR_rt_sigtimedwait => signal::timed_wait(thread, arguments),
        number::__NR_pause => signal::pause(thread),
        number::__NR_arch_prctl => thread::registers(thread, arguments),
        number::__NR_set_tid_address => thread::set_clear_tid(thread, arguments),
        number::__NR_set_robust_list => futex::set_robust_list(thread, arguments),
        number::__NR_get_robust_list => futex::robust_list(thread, arguments),
        number::__NR_futex => futex::futex(thread, arguments),
        number::__NR_futex_waitv => futex2::wait_many(thread, arguments),
        number::__NR_futex_wake => futex2::wake(thread, arguments),
        number::__NR_futex_wait => futex2::wait(thread, arguments),
        number::__NR_futex_requeue => futex2::requeue(thread, arguments),
        number::__NR_membarrier => barrier::barrier(thread, arguments),
        number::__NR_rseq => rseq::register(thread, arguments),
        number::__NR_sched_yield => {
            crate::schedule::yield_now();
            Ok(0)
        }
        number::__NR_sched_getaffinity => affinity::get(thread, arguments),
        number::__NR_sched_setaffinity => affinity::set(thread, arguments),
        number::__NR_getcpu => affinity::current(thread, arguments),
        _ => {
            verbose!("{} is not served yet", call.name);
            Err(Errno::ENOSYS)
        }
    }
}

//! Resource limits (getrlimit(2)): those on memory and processor time are the LWK's, the others the proxy's.

use core::sync::atomic::Ordering;

use linux_raw_sys::general as abi;
use virtio_ikc::table::Call;

use super::First;
use crate::arch::boot;
use crate::errno::{Errno, SysResult};
use crate::process::process::{Limit, Process};
use crate::process::thread::Thread;
use crate::syscall::offload;

fn is_ours(resource: u64) -> bool {
    [abi::RLIMIT_CPU, abi::RLIMIT_AS, abi::RLIMIT_DATA, abi::RLIMIT_STACK, abi::RLIMIT_MEMLOCK, abi::RLIMIT_RSS]
        .map(u64::from)
        .contains(&resource)
}

/// getrlimit(2).
pub fn get(thread: &Thread, arguments: [u64; 6]) -> First {
    let [resource, old, ..] = arguments;
    if is_ours(resource) { First::Done(read(thread, resource, old)) } else { First::Offload(arguments) }
}

/// setrlimit(2).
pub fn set(thread: &Thread, call: &'static Call, arguments: [u64; 6]) -> First {
    let [resource, new, ..] = arguments;
    if is_of_signals(resource) {
        return First::Done(limit_signals(thread, call, arguments, new));
    }
    if is_ours(resource) { First::Done(write(thread, resource, new)) } else { First::Offload(arguments) }
}

/// prlimit64(2).
pub fn get_and_set(thread: &Thread, call: &'static Call, arguments: [u64; 6]) -> First {
    let [pid, resource, new, old, ..] = arguments;
    let own = pid == 0 || pid == u64::from(thread.process().pid());
    if own && new != 0 && is_of_signals(resource) {
        return First::Done(limit_signals(thread, call, arguments, new));
    }
    if !own || !is_ours(resource) {
        return First::Offload(arguments);
    }
    First::Done(exchange(thread, resource, new, old))
}

fn is_of_signals(resource: u64) -> bool {
    resource == u64::from(abi::RLIMIT_SIGPENDING)
}

/// Linux knows whether the limit at `new` may be set, the LWK's queues keep to it.
fn limit_signals(thread: &Thread, call: &'static Call, arguments: [u64; 6], new: u64) -> SysResult {
    let [soft, _] = thread.process().space.lock().read::<[u64; 2]>(new)?;
    let set = offload::serve(thread, call, arguments)?;
    thread.process().most_pending.store(soft, Ordering::Relaxed);
    Ok(set)
}

fn exchange(thread: &Thread, resource: u64, new: u64, old: u64) -> SysResult {
    let previous = current(thread.process(), resource);
    if new != 0 {
        write(thread, resource, new)?;
    }
    if old != 0 {
        thread.process().space.lock().write(old, &[previous.0, previous.1])?;
    }
    Ok(0)
}

/// The limit on `resource`, one of those that the LWK keeps.
pub fn current(process: &Process, resource: u64) -> Limit {
    let initial = if resource == u64::from(abi::RLIMIT_STACK) { boot::page().stack_limit } else { u64::MAX };
    process.limits.lock().get(&resource).copied().unwrap_or((initial, u64::MAX))
}

fn read(thread: &Thread, resource: u64, address: u64) -> SysResult {
    let (soft, hard) = current(thread.process(), resource);
    thread.process().space.lock().write(address, &[soft, hard])?;
    Ok(0)
}

fn write(thread: &Thread, resource: u64, address: u64) -> SysResult {
    let mut space = thread.process().space.lock();
    let [soft, hard] = space.read::<[u64; 2]>(address)?;
    if soft > hard {
        return Err(Errno::EINVAL);
    }
    let privileged = boot::page().credentials[1] == 0;
    if hard > current(thread.process(), resource).1 && !privileged {
        return Err(Errno::EPERM);
    }
    thread.process().limits.lock().insert(resource, (soft, hard));
    match u32::try_from(resource).unwrap_or(u32::MAX) {
        abi::RLIMIT_AS => space.limits.address_space = soft,
        abi::RLIMIT_DATA => space.limits.data = soft,
        abi::RLIMIT_STACK => space.limits.stack = soft,
        abi::RLIMIT_CPU => {
            drop(space);
            thread.process().timers.limit(thread.process(), (soft, hard));
        }
        _ => {}
    }
    Ok(0)
}

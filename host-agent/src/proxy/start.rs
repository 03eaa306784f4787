//! From the fork to the first request.

use std::sync::atomic::Ordering;

use super::{Proxy, Queues, events, worker};
use crate::arch::{self, SignalSet};
use crate::memory::private_bytes;
use crate::protocol::ToAgent;

/// The first proxy's main function, on its only thread. Does not return: the program's end, the agent's or a violation ends
/// the process.
pub(crate) fn main(proxy: Proxy) -> ! {
    arch::install_handler();
    // Threads hold on to it as long as the process lives.
    let proxy: &'static Proxy = Box::leak(Box::new(proxy));
    arch::block_all_but(SignalSet::INTERRUPT);
    if activate(proxy).is_none() {
        arch::end_process(0);
    }
    proxy.wires.roster.counters.proxy_at_start.store(private_bytes(), Ordering::Relaxed);
    serve(proxy)
}

/// Serves the process whose queues are known, on its first thread.
pub(super) fn serve(proxy: &'static Proxy) -> ! {
    match worker::start(proxy) {
        Ok(()) => {}
        Err(error) if proxy.is_first() => proxy.link.fail(&format!("cannot start a thread of the proxy: {error}")),
        // As if Linux had killed it for want of memory.
        Err(_) => arch::send_signal(proxy.process, libc::SIGKILL.cast_unsigned()),
    }
    events::run(proxy)
}

/// Waits until the driver is ready. `None` if the VMM went away before.
fn activate(proxy: &'static Proxy) -> Option<()> {
    loop {
        let ToAgent::Activate { queues } = proxy.link.receive()? else { continue };
        match Queues::of_first(proxy.memory, &queues) {
            Ok(made) => proxy.queues.get_or_init(|| made),
            Err(index) => proxy.link.fail(&format!("queue {index} is not in the partition's memory")),
        };
        return Some(());
    }
}

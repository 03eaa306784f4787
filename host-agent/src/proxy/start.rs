//! From the fork to the first request.

use std::io;

use super::worker;
use super::{Proxy, Queues, events};
use crate::arch::{self, SignalSet};
use crate::protocol::ToAgent;

/// The proxy's main function, on its only thread. Does not return: the program's end, the agent's or a violation ends
/// the process.
pub(crate) fn main(proxy: Proxy, may_spin: bool) -> ! {
    arch::install_handler();
    arch::block_all_but(SignalSet::INTERRUPT);
    // Threads hold on to it as long as the process lives.
    let proxy: &'static Proxy = Box::leak(Box::new(proxy));
    let Some(queues) = activate(proxy) else { arch::end_process(0) };
    if let Err(error) = worker::start(proxy, queues, may_spin) {
        proxy.link.fail(&format!("cannot start a thread of the proxy: {error}"));
    }
    events::run(proxy, queues)
}

/// Waits until the driver is ready. `None` if the VMM went away before.
fn activate(proxy: &'static Proxy) -> Option<&'static Queues> {
    loop {
        let ToAgent::Activate { queues } = proxy.link.receive()? else { continue };
        match Queues::of(&proxy.memory, &queues) {
            Ok(made) => return Some(proxy.queues.get_or_init(|| made)),
            Err(index) => proxy.link.fail(&format!("queue {index} is not in the partition's memory")),
        }
    }
}

/// Ties this process's life to its parent's, which must still be `parent`.
///
/// # Errors
/// `NotFound` if it is not any more.
pub(crate) fn die_with(parent: Option<u32>) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let now = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().cast_unsigned());
    if parent.is_some() && now != parent { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
}

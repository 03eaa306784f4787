//! What ties proxies to the agent: when it dies, whatever the reason, none of them may be left.
//!
//! The first proxy is killed by Linux when its parent, the agent, dies. The others may outlive their parents, as the
//! program's processes may outlive theirs; so Linux tells them of their parent's death by a signal, and they look who has
//! adopted them. As long as the agent lives that is the agent, or a proxy whose program adopts orphans
//! (PR_SET_CHILD_SUBREAPER, prctl(2)); anybody else means that there is no agent any more.

use std::io;

use super::Proxy;
use crate::arch::{self, PARENT_GONE_SIGNAL};

/// Ties this process's life to its parent's, which must still be `parent`.
///
/// # Errors
/// `NotFound` if it is not any more.
pub(crate) fn die_with(parent: Option<u32>) -> io::Result<()> {
    arch::set_parent_death_signal(libc::SIGKILL.cast_unsigned());
    if parent.is_some() && parent_now() != parent { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
}

/// Ties the proxy to whoever is its parent now, or ends it if that is nobody of the partition. Called by its first thread,
/// which Linux takes the tie from when credentials change. Whether the parent is another one than `parent` said.
pub(super) fn follow(proxy: &Proxy, parent: &mut u32) -> bool {
    if proxy.is_first() {
        if die_with(Some(proxy.agent)).is_err() {
            arch::end_process(1);
        }
        return false;
    }
    arch::set_parent_death_signal(PARENT_GONE_SIGNAL);
    let now = parent_now().unwrap_or(0);
    if now == *parent {
        return false;
    }
    let roster = &proxy.wires.roster;
    let belongs = now == proxy.agent || roster.has(now);
    // A parent that was killed before it could tell the LWK of this process leaves one that nobody will ever ask anything.
    let is_known = roster.process_at(proxy.place) == proxy.process;
    if now == 0 || !belongs || !is_known {
        arch::end_process(1);
    }
    *parent = now;
    true
}

pub(super) fn parent_now() -> Option<u32> {
    rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().cast_unsigned())
}

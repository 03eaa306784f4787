//! What is heard of children.
//!
//! Linux sends a parent SIGCHLD when a child stops, and only so does anybody hear of a stop that came from outside the partition. So
//! the proxy always lets Linux tell it of stops (sigaction(2)), whatever the program wants to hear of, and keeps to itself what the program
//! does not want. Only where SIGCHLD is left to a descriptor (`left`) has Linux the program's own wish.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Proxy, events};
use crate::arch::{self, ChildrenThat, SignalInfo, SignalSet};

const SIGNAL: SignalSet = SignalSet::one(libc::SIGCHLD as u32);
/// What the program wants, as flags of sigaction(2).
const NO_STOPS: u64 = libc::SA_NOCLDSTOP as u64;
const NO_ZOMBIES: u64 = libc::SA_NOCLDWAIT as u64;

/// What the program does about SIGCHLD.
#[derive(Debug, Default)]
pub(crate) struct Children {
    ignored: AtomicBool,
    flags: AtomicU64,
    /// The signals at the ends of children, SIGCHLD apart (clone(2)).
    others: AtomicU64,
}

impl Children {
    /// What a child begins with (fork(2)).
    pub(super) fn inherited(&self) -> Self {
        Self { ignored: self.is_ignored().into(), flags: self.flags().into(), others: 0.into() }
    }

    /// A child is made with these flags of clone(2).
    pub(super) fn expect(&self, flags: u64) {
        let signal = SignalSet::one(crate::int::low(flags & 0xff)).without(SignalSet::TERMINAL);
        self.others.fetch_or(signal.0, Ordering::SeqCst);
    }

    /// The signals that may tell of a child.
    pub(crate) fn signals(&self) -> SignalSet {
        SIGNAL.with(SignalSet(self.others.load(Ordering::SeqCst)))
    }

    fn is_ignored(&self) -> bool {
        self.ignored.load(Ordering::SeqCst)
    }

    fn flags(&self) -> u64 {
        self.flags.load(Ordering::SeqCst)
    }

    /// Lets Linux do with children what the program wants, given the signals that are left to descriptors.
    pub(super) fn tell_linux(&self, left: SignalSet) {
        if left.intersects(SIGNAL) {
            return arch::set_child_action(self.is_ignored(), self.flags());
        }
        let no_zombies = self.is_ignored() || self.flags() & NO_ZOMBIES != 0;
        arch::set_child_action(false, if no_zombies { NO_ZOMBIES } else { 0 });
    }

    /// What the program is to hear of `info`, a SIGCHLD that has come for it.
    fn heard(&self, info: SignalInfo) -> Option<SignalInfo> {
        if self.is_ignored() {
            return None;
        }
        let is_stop = [libc::CLD_STOPPED, libc::CLD_CONTINUED].contains(&info.code());
        if is_stop && self.flags() & NO_STOPS != 0 {
            // Linux has dropped the signal of a child that ended while this one was pending.
            return arch::look_for_child(ChildrenThat::Ended);
        }
        Some(info)
    }
}

impl Proxy {
    /// The program does this about SIGCHLD from now on. What came before is heard of as it was then.
    pub(crate) fn set_child_signal(&self, ignored: bool, flags: u64) {
        events::hand_on_pending(self, SIGNAL);
        self.children.ignored.store(ignored, Ordering::SeqCst);
        self.children.flags.store(flags, Ordering::SeqCst);
        self.children.tell_linux(self.left.set());
    }

    /// What the program is to hear of `signal`, which Linux has sent its process; and lets the agent look for stops if it tells of one.
    pub(super) fn heard(&self, signal: u32, info: SignalInfo) -> Option<SignalInfo> {
        if !SIGNAL.intersects(SignalSet::one(signal)) {
            return Some(info);
        }
        // Linux drops the signal of a stop while another one is pending.
        if info.code() == libc::CLD_STOPPED || arch::look_for_child(ChildrenThat::Stopped).is_some() {
            self.link.tell_of_stops();
        }
        if info.code() > 0 { self.children.heard(info) } else { Some(info) }
    }
}

//! What processes have used: of its children a process is told when it waits for them (getrusage(2), wait4(2)).
//!
//! Linux waits for the children, which are its own, but what they used is known here: the proxies used next to nothing. So a process
//! that ends leaves its account with its parent, where it lies until the parent has waited.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU64, Ordering};

use lwk_core::signal::{ActionFlags, Handler, Signal};
use spin::Mutex;

use super::process::Process;
use super::table;

const SECOND: u64 = 1_000_000_000;
/// Bytes of struct rusage, and where the largest resident size (in KiB) stands in it.
pub const RUSAGE_BYTES: usize = 144;
const LARGEST: usize = 32;

/// What was used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    /// Processor time in nanoseconds. The LWK does not tell a program's time from its own.
    pub time: u64,
    /// The most memory that was resident, in bytes.
    pub largest: u64,
}

impl Account {
    /// This and what `other` used.
    pub fn with(self, other: Self) -> Self {
        Self { time: self.time + other.time, largest: self.largest.max(other.largest) }
    }

    /// A struct rusage. What is not counted is 0.
    pub fn to_bytes(self) -> [u8; RUSAGE_BYTES] {
        let mut bytes = [0; RUSAGE_BYTES];
        bytes[..8].copy_from_slice(&(self.time / SECOND).to_le_bytes());
        bytes[8..16].copy_from_slice(&(self.time % SECOND / 1000).to_le_bytes());
        bytes[LARGEST..LARGEST + 8].copy_from_slice(&(self.largest >> 10).to_le_bytes());
        bytes
    }
}

/// The accounts of a process.
#[derive(Default)]
pub struct Usage {
    largest: AtomicU64,
    parent: Mutex<Weak<Process>>,
    /// Children that have ended and were not waited for.
    ended: Mutex<BTreeMap<u32, Account>>,
    /// All that were waited for.
    children: Mutex<Account>,
}

impl Usage {
    /// The process is a child of `parent`'s.
    pub fn set_parent(&self, parent: &Arc<Process>) {
        *self.parent.lock() = Arc::downgrade(parent);
    }

    /// The process is a child of the one whose child `other` is (`CLONE_PARENT`).
    pub fn share_parent(&self, other: &Self) {
        self.parent.lock().clone_from(&other.parent.lock());
    }

    /// So many bytes of the process are, or were, resident.
    pub fn saw_resident(&self, bytes: u64) {
        self.largest.fetch_max(bytes, Ordering::Relaxed);
    }

    /// What the children used that were waited for.
    pub fn of_children(&self) -> Account {
        *self.children.lock()
    }
}

impl Process {
    /// What it used itself.
    pub fn account(&self) -> Account {
        Account { time: self.cpu_time(), largest: self.usage.largest.load(Ordering::Relaxed) }
    }

    /// It and the children that it waited for.
    fn whole_account(&self) -> Account {
        self.account().with(self.usage.of_children())
    }

    /// It ends: leaves its account with its parent, unless that does not want to wait.
    pub fn leave_account(&self) {
        let Some(parent) = self.usage.parent.lock().upgrade() else { return };
        let action = *parent.signals.lock().actions.get(Signal::CHLD);
        let is_waited_for = action.handler != Handler::Ignore && !action.flags.contains(ActionFlags::NO_CHILD_WAIT);
        if is_waited_for && !parent.is_ending() {
            parent.usage.ended.lock().insert(self.pid(), self.whole_account());
        }
    }

    /// What its child `pid` used, which has ended.
    pub fn account_of_child(&self, pid: u32) -> Account {
        let known = self.usage.ended.lock().get(&pid).copied();
        // One that was killed may be known here only in a moment.
        known.or_else(|| Some(table::find(pid)?.whole_account())).unwrap_or_default()
    }

    /// It has waited for its child `pid`, which used `account`.
    pub fn waited_for(&self, pid: u32, account: Account) {
        self.usage.ended.lock().remove(&pid);
        let mut children = self.usage.children.lock();
        *children = children.with(account);
    }
}

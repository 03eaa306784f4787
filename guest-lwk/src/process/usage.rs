//! What processes have used: of its children a process is told when it waits for them (getrusage(2), wait4(2)).
//!
//! Linux waits for the children, which are its own, but what they used is known here: the proxies used next to nothing. So a process
//! that ends leaves its account with its parent, where it lies until the parent has waited.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU64, Ordering};

use lwk_core::signal::{ActionFlags, Handler, Signal};
use spin::Mutex;

use super::account::Account;
use super::process::Process;
use super::table;
use super::thread::Thread;

/// The accounts of a process.
#[derive(Default)]
pub struct Usage {
    largest: AtomicU64,
    /// Threads that have ended.
    ended_threads: Mutex<Account>,
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
        let threads = self.threads.lock();
        let ended = Account { largest: self.usage.largest.load(Ordering::Relaxed), ..*self.usage.ended_threads.lock() };
        threads.iter().fold(ended, |sum, thread| sum.with(thread.spent.account()))
    }

    /// Nanoseconds of processor time that it has used so far.
    pub fn processor_time(&self) -> u64 {
        let threads = self.threads.lock();
        let ended = self.usage.ended_threads.lock().processor_time();
        threads.iter().map(|thread| thread.spent.processor_time()).sum::<u64>() + ended
    }

    /// `thread` is none of its threads any more; what it used stays on the account. Answers whether it was the last one.
    pub fn remove_thread(&self, thread: &Thread) -> bool {
        let mut threads = self.threads.lock();
        threads.retain(|other| !core::ptr::eq(Arc::as_ptr(other), thread));
        let mut ended = self.usage.ended_threads.lock();
        *ended = ended.with(thread.spent.account());
        threads.is_empty()
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

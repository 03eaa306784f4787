//! What the partition has promised to programs. Memory is promised when it is asked for, so that running out is an error of
//! mmap(2) or brk(2) and never a program that dies on a touch.

use lwk_core::commit::CommitAccount;
use spin::Mutex;

use super::frames;
use crate::errno::Errno;

static ACCOUNT: Mutex<Option<CommitAccount>> = Mutex::new(None);

/// The part of memory that is kept for page tables and the LWK's heap: one sixty-fourth, and at least this.
const RESERVE_BYTES: u64 = 1 << 20;

/// Opens the account once the frames are known.
pub fn initialise() {
    let free = frames::free_bytes();
    let limit = free.saturating_sub((free / 64).max(RESERVE_BYTES));
    *ACCOUNT.lock() = Some(CommitAccount::new(limit));
}

/// Bytes that are promised, and that can be.
pub fn usage() -> (u64, u64) {
    let account = ACCOUNT.lock();
    account.as_ref().map_or((0, 0), |account| (account.used(), account.limit()))
}

/// Promises `bytes`.
pub fn charge(bytes: u64) -> Result<(), Errno> {
    let mut account = ACCOUNT.lock();
    let account = account.as_mut().expect("the account is opened at boot");
    account.charge(bytes).map_err(|_| Errno::ENOMEM)
}

/// Takes a promise of `bytes` back.
pub fn uncharge(bytes: u64) {
    if let Some(account) = ACCOUNT.lock().as_mut() {
        account.uncharge(bytes);
    }
}

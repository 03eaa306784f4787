//! Page faults of programs: what a touch of memory means, given what was promised.

use linux_raw_sys::general as abi;
use lwk_core::page_table::EntryFlags;
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::layout::PROGRAM_END;

use super::commit;
use super::page_table::Mapping;
use super::populate::PopulateError;
use super::space::AddressSpace;
use crate::arch::current;

/// The access was a write.
pub const FAULT_WRITE: u64 = 2;
/// The access was an instruction fetch.
pub const FAULT_FETCH: u64 = 16;

/// The signal that a fault is answered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadAccess {
    /// SIGSEGV or SIGBUS.
    pub signal: u32,
    /// `si_code`.
    pub code: i32,
}

const UNMAPPED: BadAccess = BadAccess { signal: abi::SIGSEGV, code: abi::SEGV_MAPERR.cast_signed() };
const FORBIDDEN: BadAccess = BadAccess { signal: abi::SIGSEGV, code: abi::SEGV_ACCERR.cast_signed() };
const NO_MEMORY: BadAccess = BadAccess { signal: abi::SIGBUS, code: abi::BUS_ADRERR.cast_signed() };
const BEYOND: BadAccess = BadAccess { signal: abi::SIGBUS, code: abi::BUS_ADRERR.cast_signed() };

impl AddressSpace {
    /// Resolves a fault at `address`, or says which signal it is. One that is resolved counts for the running thread.
    pub fn resolve_fault(&mut self, address: u64, error: u64) -> Result<(), BadAccess> {
        let reads_a_file = self.reads_a_file(address);
        self.resolve(address, error)?;
        if let Some(thread) = current::try_thread() {
            thread.spent.count_fault(reads_a_file);
        }
        Ok(())
    }

    /// Whether a file has to be read before `address` can be.
    fn reads_a_file(&self, address: u64) -> bool {
        let is_read =
            |area: &Vma| matches!(area.backing, Backing::File { .. }) && !area.flags.contains(VmaFlags::SHARED);
        self.areas.find(address).is_some_and(is_read) && self.table.find(address).is_none()
    }

    fn resolve(&mut self, address: u64, error: u64) -> Result<(), BadAccess> {
        if address >= PROGRAM_END {
            return Err(UNMAPPED);
        }
        if self.areas.find(address).is_none() {
            self.grow_stack(address)?;
        }
        let Some(area) = self.areas.find(address) else { return Err(UNMAPPED) };
        if !allows(area, error) {
            return Err(FORBIDDEN);
        }
        if let Some(mapping) = self.table.find(address) {
            return self.resolve_mapped(&area.clone(), mapping, address, error);
        }
        self.populate_around(address).map_err(|error| match error {
            PopulateError::BeyondFile => BEYOND,
            PopulateError::OutOfMemory => NO_MEMORY,
        })
    }

    /// A fault on a page that is mapped: its frame is shared, or somebody was quicker.
    fn resolve_mapped(&mut self, area: &Vma, mapping: Mapping, address: u64, error: u64) -> Result<(), BadAccess> {
        let flags = mapping.entry.flags();
        if error & FAULT_WRITE != 0 && !flags.contains(EntryFlags::WRITABLE) {
            return self.take_over(area, address).map_err(|_| NO_MEMORY);
        }
        // Another vCPU, or the host's shadow of the table, was quicker or is behind.
        let page = address & !(PAGE_SIZE - 1);
        self.flush(&(page..page + PAGE_SIZE));
        if flags.contains(EntryFlags::PRESENT) { Ok(()) } else { Err(FORBIDDEN) }
    }

    /// Lets the stack grow down to `address`, within its limit and away from its neighbours (mmap(2), `MAP_GROWSDOWN`).
    fn grow_stack(&mut self, address: u64) -> Result<(), BadAccess> {
        let added = self.areas.growth(address).ok_or(UNMAPPED)?;
        let Some(stack) = self.areas.find(added.end).copied() else { return Err(UNMAPPED) };
        if stack.end - added.start > self.limits.stack {
            return Err(UNMAPPED);
        }
        if stack.flags.contains(VmaFlags::ACCOUNTED) && commit::charge(added.end - added.start).is_err() {
            return Err(UNMAPPED);
        }
        self.clear_rewrites(&added).map_err(|_| UNMAPPED)?;
        self.areas.grow_down(&added);
        Ok(())
    }
}

fn allows(area: &Vma, error: u64) -> bool {
    use lwk_core::protection::Protection;
    if error & FAULT_FETCH != 0 {
        return area.protection.contains(Protection::EXECUTE);
    }
    if error & FAULT_WRITE != 0 {
        return area.protection.contains(Protection::WRITE);
    }
    area.protection.is_accessible()
}

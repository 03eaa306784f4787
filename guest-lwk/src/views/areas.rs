//! The areas of a process at one moment, and what is resident of them.

use alloc::vec::Vec;

use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, VmaFlags};

use super::names::Names;
use crate::memory::view::{AreaUse, SpaceUse};
use crate::process::process::Process;

/// An address space at one moment.
pub struct Areas {
    /// All areas, ascending.
    pub list: Vec<AreaUse>,
    /// What concerns the whole.
    pub space: SpaceUse,
    /// What the files are called.
    pub names: Names,
}

/// Sums of proc(5), in bytes.
#[derive(Default)]
pub struct Sums {
    /// Resident pages that are nobody else's.
    pub anonymous: u64,
    /// Resident pages of files.
    pub file: u64,
    /// Resident pages of shared memory.
    pub shared: u64,
    /// Private writable memory.
    pub data: u64,
    /// Stacks that grow.
    pub stack: u64,
    /// Executable memory.
    pub code: u64,
    /// Locked memory.
    pub locked: u64,
}

impl Sums {
    /// Everything resident.
    pub fn resident(&self) -> u64 {
        self.anonymous + self.file + self.shared
    }
}

impl Areas {
    /// Those of `process`.
    pub fn of(process: &Process) -> Self {
        let mut space = process.space.lock();
        let (list, space) = space.in_use();
        Self { list, space, names: Names::default() }
    }

    /// The same with the names of files.
    pub fn named(process: &alloc::sync::Arc<Process>) -> Self {
        // A handle is good as long as the space is locked.
        let mut space = process.space.lock();
        let (list, space_use) = space.in_use();
        let names = Names::of(process, &space.files.handles());
        Self { list, space: space_use, names }
    }

    /// The sums over all areas.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for AreaUse { area, resident, .. } in &self.list {
            let is_shared = area.flags.contains(VmaFlags::SHARED);
            match area.backing {
                Backing::File { .. } if is_shared || !area.protection.is_writable() => sums.file += resident,
                Backing::Special(_) => {}
                _ if is_shared => sums.shared += resident,
                _ => sums.anonymous += resident,
            }
            let grows = area.flags.contains(VmaFlags::GROWS_DOWN);
            let bytes = |condition| if condition { area.bytes() } else { 0 };
            sums.stack += bytes(grows);
            sums.data += bytes(!grows && !is_shared && area.protection.is_writable());
            sums.code +=
                bytes(!is_shared && area.protection.contains(Protection::EXECUTE) && !area.protection.is_writable());
            sums.locked += bytes(area.flags.contains(VmaFlags::LOCKED));
        }
        sums
    }
}

//! The entries of x86-64's four-level page tables, as numbers.
//!
//! Reading and writing tables in memory is the kernel's business; what an entry means is decided here, where it
//! can be tested. The source is Intel SDM vol. 3, 4.5 ("4-Level Paging and 5-Level Paging"), tables 4-14 to 4-20.

use bitflags::bitflags;
use virtio_ikc::address::{HUGE_PAGE_SIZE, LARGE_PAGE_SIZE, PAGE_SIZE};

use crate::number::index;
use crate::protection::Protection;

/// Entries of one table.
pub const ENTRIES: usize = 512;

/// Bits 12 to 51: the physical address of a table or a page.
const ADDRESS_MASK: u64 = 0x000f_ffff_ffff_f000;

/// A level of the tree, named by the table that its entries stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Page table: an entry maps 4 KiB.
    Table,
    /// Page directory: an entry maps 2 MiB or names a page table.
    Directory,
    /// Page-directory-pointer table: an entry maps 1 GiB or names a page directory.
    DirectoryPointer,
    /// PML4, the table that CR3 names: an entry names a page-directory-pointer table.
    Top,
}

impl Level {
    /// Lowest bit of an address that this level looks at.
    #[must_use]
    pub const fn shift(self) -> u32 {
        match self {
            Self::Table => 12,
            Self::Directory => 21,
            Self::DirectoryPointer => 30,
            Self::Top => 39,
        }
    }

    /// Bytes that one entry covers.
    #[must_use]
    pub const fn entry_bytes(self) -> u64 {
        1 << self.shift()
    }

    /// Which entry of a table of this level covers `address`, 0 to 511.
    #[must_use]
    pub const fn index(self, address: u64) -> usize {
        index((address >> self.shift()) & (ENTRIES as u64 - 1))
    }

    /// First address that the entry covering `address` covers.
    #[must_use]
    pub const fn entry_start(self, address: u64) -> u64 {
        address & !(self.entry_bytes() - 1)
    }

    /// The level below, or `None` at the leaves.
    #[must_use]
    pub const fn below(self) -> Option<Self> {
        match self {
            Self::Table => None,
            Self::Directory => Some(Self::Table),
            Self::DirectoryPointer => Some(Self::Directory),
            Self::Top => Some(Self::DirectoryPointer),
        }
    }

    /// The level above, or `None` at the root.
    #[must_use]
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::Table => Some(Self::Directory),
            Self::Directory => Some(Self::DirectoryPointer),
            Self::DirectoryPointer => Some(Self::Top),
            Self::Top => None,
        }
    }
}

const _: () = {
    assert!(Level::Table.entry_bytes() == PAGE_SIZE);
    assert!(Level::Directory.entry_bytes() == LARGE_PAGE_SIZE);
    assert!(Level::DirectoryPointer.entry_bytes() == HUGE_PAGE_SIZE);
};

bitflags! {
    /// The bits of an entry beside its address.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct EntryFlags: u64 {
        /// The entry maps something.
        const PRESENT = 1;
        /// It may be written.
        const WRITABLE = 1 << 1;
        /// CPL3 may access it.
        const USER = 1 << 2;
        /// Writes go through to memory (PWT).
        const WRITE_THROUGH = 1 << 3;
        /// It is not cached (PCD).
        const CACHE_DISABLE = 1 << 4;
        /// The processor has used it.
        const ACCESSED = 1 << 5;
        /// The processor has written the page.
        const DIRTY = 1 << 6;
        /// In a directory or directory-pointer table: maps a page instead of naming a table (PS).
        const LARGE = 1 << 7;
        /// Survives a change of CR3 where CR4.PGE is set.
        const GLOBAL = 1 << 8;
        /// Ignored by the processor: the kernel's own.
        const SOFTWARE_0 = 1 << 9;
        /// Ignored by the processor: the kernel's own.
        const SOFTWARE_1 = 1 << 10;
        /// Ignored by the processor: the kernel's own.
        const SOFTWARE_2 = 1 << 11;
        /// Ignored by the processor: the kernel's own.
        const SOFTWARE_3 = 1 << 52;
        /// It may not be executed (XD).
        const NO_EXECUTE = 1 << 63;
    }
}

impl EntryFlags {
    /// The bits that let a program use a page as `protection` says. With no access at all the entry is not
    /// present. x86-64 knows no page that can be written or executed and not read.
    #[must_use]
    pub const fn for_program(protection: Protection) -> Self {
        if !protection.is_accessible() {
            return Self::empty();
        }
        let mut flags = Self::PRESENT.union(Self::USER);
        if protection.is_writable() {
            flags = flags.union(Self::WRITABLE);
        }
        if !protection.contains(Protection::EXECUTE) {
            flags = flags.union(Self::NO_EXECUTE);
        }
        flags
    }
}

/// One entry of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Entry(pub u64);

impl Entry {
    /// An entry that maps nothing.
    pub const EMPTY: Self = Self(0);

    /// An entry that maps or names what is at the physical address `address`, below 2^52 and divided by the size
    /// of the page that it maps (4 KiB for a table); other bits of it are dropped.
    #[must_use]
    pub const fn new(address: u64, flags: EntryFlags) -> Self {
        Self((address & ADDRESS_MASK) | flags.bits())
    }

    /// The physical address of the table that the entry names, or of the 4 KiB page that it maps.
    #[must_use]
    pub const fn address(self) -> u64 {
        self.0 & ADDRESS_MASK
    }

    /// The physical address of the page that the entry maps when it stands in a table of `level`; bits below
    /// the page's size (the PAT bit among them) are left out.
    #[must_use]
    pub const fn page_address(self, level: Level) -> u64 {
        self.address() & !(level.entry_bytes() - 1)
    }

    /// The bits beside the address.
    #[must_use]
    pub const fn flags(self) -> EntryFlags {
        EntryFlags::from_bits_truncate(self.0)
    }

    /// The same entry with the bits `flags` instead of its own.
    #[must_use]
    pub const fn with_flags(self, flags: EntryFlags) -> Self {
        Self::new(self.address(), flags)
    }

    /// Whether the processor uses the entry.
    #[must_use]
    pub const fn is_present(self) -> bool {
        self.flags().contains(EntryFlags::PRESENT)
    }

    /// Whether the entry, standing in a table of `level`, maps a page rather than naming a table.
    #[must_use]
    pub const fn is_page(self, level: Level) -> bool {
        match level {
            Level::Table => self.is_present(),
            Level::Directory | Level::DirectoryPointer => self.is_present() && self.flags().contains(EntryFlags::LARGE),
            Level::Top => false,
        }
    }

    /// Whether the entry, standing in a table of `level`, names a table of the level below.
    #[must_use]
    pub const fn is_table(self, level: Level) -> bool {
        self.is_present() && !self.is_page(level)
    }
}

impl core::fmt::Debug for Entry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Entry({:#x}, {:?})", self.address(), self.flags())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEVELS: [Level; 4] = [Level::Top, Level::DirectoryPointer, Level::Directory, Level::Table];

    #[test]
    fn the_slot_of_the_lwk_is_255() {
        assert_eq!(Level::Top.index(virtio_ikc::layout::PROGRAM_END), virtio_ikc::layout::LWK_SLOT);
    }

    #[test]
    fn a_large_page_drops_the_pat_bit_from_its_address() {
        let entry = Entry(0x4000_0000 | 1 << 12 | EntryFlags::PRESENT.bits() | EntryFlags::LARGE.bits());
        assert_eq!(entry.page_address(Level::Directory), 0x4000_0000);
        assert!(entry.is_page(Level::Directory) && !entry.is_table(Level::Directory));
    }

    #[test]
    fn bit_seven_of_a_leaf_is_not_a_page_size() {
        let pat = Entry::new(0x1000, EntryFlags::PRESENT | EntryFlags::LARGE);
        assert!(pat.is_page(Level::Table));
        assert!(!Entry::new(0x1000, EntryFlags::LARGE).is_page(Level::Directory));
    }

    #[test]
    fn protection_becomes_the_processors_bits() {
        assert_eq!(EntryFlags::for_program(Protection::empty()), EntryFlags::empty());
        let code = EntryFlags::for_program(Protection::READ | Protection::EXECUTE);
        assert_eq!(code, EntryFlags::PRESENT | EntryFlags::USER);
        let data = EntryFlags::for_program(Protection::READ | Protection::WRITE);
        assert!(data.contains(EntryFlags::WRITABLE | EntryFlags::NO_EXECUTE));
    }

    #[test]
    fn levels_follow_each_other() {
        for pair in LEVELS.windows(2) {
            assert_eq!(pair[0].below(), Some(pair[1]));
            assert_eq!(pair[1].above(), Some(pair[0]));
        }
        assert_eq!((Level::Table.below(), Level::Top.above()), (None, None));
    }

    proptest! {
        #[test]
        fn indices_make_the_address_again(address in 0u64..1 << 48) {
            let sum: u64 = LEVELS.iter().map(|level| (level.index(address) as u64) << level.shift()).sum();
            prop_assert_eq!(sum, address & !(PAGE_SIZE - 1));
        }

        #[test]
        fn address_and_flags_do_not_mix(frame in 0u64..1 << 40, bits in any::<u64>()) {
            let flags = EntryFlags::from_bits_truncate(bits);
            let entry = Entry::new(frame << 12, flags);
            prop_assert_eq!(entry.address(), frame << 12);
            prop_assert_eq!(entry.flags(), flags);
            prop_assert_eq!(entry.with_flags(EntryFlags::empty()), Entry(frame << 12));
        }
    }
}

//! The map of a partition: where things lie in guest-virtual and guest-physical space.
//!
//! The LWK has PML4 slot 255, the last of the lower half, in both privilege modes: on class S hosts CPL3 cannot
//! use the upper half at all, and one layout for both keeps one binary. Everything below belongs to the program.

/// First address that no program may use; the LWK's slot begins here.
pub const PROGRAM_END: u64 = 0x7f80_0000_0000;
/// Lowest address a program may map (Linux's default vm.mmap_min_addr).
pub const PROGRAM_START: u64 = 0x1_0000;
/// Index of the LWK's slot in the top-level page table.
pub const LWK_SLOT: usize = 255;

/// Where all of the partition's memory is mapped: guest-physical 0 appears here.
pub const DIRECT_MAP: u64 = PROGRAM_END;
/// Length of the direct map, and so the most memory (holes included) that a partition can have.
pub const DIRECT_MAP_BYTES: u64 = 384 << 30;
/// Where the LWK's image is linked.
pub const LWK_IMAGE: u64 = 0x7fe0_0000_0000;
/// Where the areas of the vCPUs begin, one every [`VCPU_AREA_BYTES`].
pub const VCPU_AREAS: u64 = 0x7fe8_0000_0000;
/// Where the device's registers are mapped.
pub const DEVICE_REGISTERS: u64 = 0x7ff0_0000_0000;
/// Where the window of shared mappings is mapped.
pub const WINDOW: u64 = 0x7ff4_0000_0000;

/// Guest-physical address of the boot page.
pub const BOOT_PAGE: u64 = 0x1000;
/// Guest-physical address of the notice board ([`crate::notice::BYTES`]).
pub const NOTICE_BOARD: u64 = 0x2000;
/// Guest-physical address of the zeroing list ([`crate::zeroing::BYTES`]).
pub const ZEROING_LIST: u64 = 0x8000;
/// Guest-physical address at which the LWK's image is loaded.
pub const IMAGE_PHYSICAL: u64 = 0x10_0000;
/// Guest-physical memory below the hole for devices ends here at the latest.
pub const LOW_MEMORY_END: u64 = 0xc000_0000;
/// Guest-physical memory above the hole for devices begins here.
pub const HIGH_MEMORY_START: u64 = 0x1_0000_0000;
/// Guest-physical address of the IKC device's registers (one page).
pub const DEVICE_PHYSICAL: u64 = 0xd000_0000;
/// Guest-physical address of the window of shared mappings (the DAX window).
pub const WINDOW_PHYSICAL: u64 = 0x80_0000_0000;
/// Length of that window.
pub const WINDOW_BYTES: u64 = 32 << 30;

/// Bytes of one vCPU's area.
pub const VCPU_AREA_BYTES: u64 = 0x1_0000;
/// Most vCPUs of a partition.
pub const MAX_VCPUS: usize = 256;

/// Places in a vCPU's area. Entry code finds all it needs relative to its own address, so neither GS nor any
/// other register of the program is touched.
pub mod vcpu_area {
    /// The vCPU's copy of the entry code (two pages, executable).
    pub const CODE: u64 = 0;
    /// Bytes of the entry code at most.
    pub const CODE_BYTES: u64 = 0x2000;
    /// What the entry code reads and writes (one page), see [`crate::boot::EntryData`].
    pub const DATA: u64 = 0x2000;
    /// The page the stacks of the CPL0 side lie in; each constant is a stack's top.
    pub const STACKS: u64 = 0x3000;
    /// Top of the stack for exceptions (IST 1).
    pub const EXCEPTION_STACK_TOP: u64 = 0x3400;
    /// Top of the stack for interrupts at CPL3 (RSP 0); at CPL0 they use the stack that they find.
    pub const INTERRUPT_STACK_TOP: u64 = 0x3800;
    /// Top of the stack for double faults, machine checks and NMIs (IST 2).
    pub const FATAL_STACK_TOP: u64 = 0x4000;
    /// The descriptor table, the task state segment behind it.
    pub const GDT: u64 = 0x4000;
    /// The task state segment.
    pub const TSS: u64 = 0x4100;
    /// The interrupt descriptor table.
    pub const IDT: u64 = 0x5000;
    /// End of the tables; from here to the boot stack nothing is mapped, so that an overflow is noticed.
    pub const TABLES_END: u64 = 0x6000;
    /// Where the vCPU's first stack begins (eight pages).
    pub const BOOT_STACK: u64 = 0x8000;
    /// Top of that stack.
    pub const BOOT_STACK_TOP: u64 = 0x1_0000;
}

const _: () = assert!(NOTICE_BOARD + crate::notice::BYTES <= ZEROING_LIST);
const _: () = assert!(ZEROING_LIST + crate::zeroing::BYTES <= IMAGE_PHYSICAL);

/// Selectors; on class S hosts they must be Linux's own.
pub mod selector {
    /// Code at CPL0.
    pub const KERNEL_CODE: u16 = 0x10;
    /// Stack and data at CPL0.
    pub const KERNEL_DATA: u16 = 0x18;
    /// Stack and data at CPL3.
    pub const USER_DATA: u16 = 0x2b;
    /// Code at CPL3.
    pub const USER_CODE: u16 = 0x33;
    /// The task state segment (16 bytes in the table).
    pub const TASK: u16 = 0x40;
}

/// Interrupt vectors.
pub mod vector {
    /// The IKC device has something for this vCPU.
    pub const DEVICE: u8 = 0x40;
    /// Another vCPU wants this one to look at its state.
    pub const WAKE: u8 = 0x41;
    /// The local APIC's timer.
    pub const TIMER: u8 = 0x42;
    /// Spurious interrupts.
    pub const SPURIOUS: u8 = 0xff;
}

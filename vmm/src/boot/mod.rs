//! Everything that is in memory before the first instruction of the LWK runs.
//!
//! Where a kernel usually has boot code, this one has the VMM: on hosts with software virtualization code at CPL0 is
//! emulated, a thousand times slower, and the LWK runs at CPL3 from its first instruction on. So the image, page tables,
//! descriptor tables, entry code, time page and boot page are all written from here, and a vCPU starts as if it had
//! always been running. The places are those of [`virtio_ikc::layout`].

mod area;
mod cpu_map;
mod descriptors;
mod error;
mod frames;
mod host;
mod image;
mod page;
mod page_tables;
mod symbols;
mod vdso;

pub(crate) use descriptors::{GDT_LIMIT, IDT_LIMIT, TSS_LIMIT};
pub use error::BootError;
pub use image::{Image, embedded};
pub use page::Program;
pub use symbols::Symbols;
#[cfg(test)]
pub(crate) use vdso::IMAGE as VDSO_IMAGE;

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::boot::{Privilege, flag};
use virtio_ikc::layout::{BOOT_PAGE, DEVICE_PHYSICAL, DEVICE_REGISTERS, DIRECT_MAP, VCPU_AREA_BYTES, VCPU_AREAS};
use virtio_ikc::statistics::Statistics;
use vm_memory::{GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion};

use frames::Frames;
use page_tables::{PageTables, Rights};

/// What the boot depends on beside the memory and the image.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the LWK runs.
    pub privilege: Privilege,
    /// For each vCPU what RDTSCP calls it there.
    pub processors: Vec<u32>,
    /// Of [`virtio_ikc::boot::flag`].
    pub flags: u32,
    /// TSC ticks in a millisecond.
    pub tsc_khz: u32,
    /// The state components a program may use (XCR0).
    pub state_mask: u64,
    /// Bytes that XSAVE needs for them in the standard format.
    pub state_bytes: u32,
    /// What to run.
    pub program: Program,
}

/// What has been written where, as far as others need it.
#[derive(Clone, Copy, Debug)]
pub struct Booted {
    /// The page table that vCPUs start with.
    pub page_table: GuestPhysical,
    /// Address of the first instruction.
    pub entry: u64,
    /// Where SYSCALL arrives, as an offset in a vCPU's area.
    pub system_call: u64,
    /// The time page.
    pub time_page: GuestPhysical,
    /// The counters.
    pub statistics: GuestPhysical,
}

impl Booted {
    /// Guest-virtual address of the area of vCPU `index`.
    #[must_use]
    pub const fn area(index: usize) -> u64 {
        VCPU_AREAS + index as u64 * VCPU_AREA_BYTES
    }

    /// What the first argument of the first instruction is: the boot page in the direct map.
    #[must_use]
    pub const fn argument() -> u64 {
        DIRECT_MAP + BOOT_PAGE
    }
}

/// Writes everything.
///
/// # Errors
/// [`BootError`]: an image of another version, or too little memory.
pub fn prepare(memory: &GuestMemoryMmap, image: &Image<'_>, settings: &Settings) -> Result<Booted, BootError> {
    let image_end = image.load(memory)?;
    let low = memory.iter().next().ok_or(BootError::NoMemory)?;
    let mut frames = Frames::new(image_end, low.len());
    let mut areas = Vec::new();
    let code = image.entry_code(settings.privilege);
    for index in 0..settings.processors.len() {
        let area = frames.take(VCPU_AREA_BYTES / PAGE_SIZE)?;
        area::write(memory, area, index, image, code)?;
        areas.push(area);
    }
    let time_page = frames.take(1)?;
    cpu_map::write(memory, time_page, &settings.processors, settings.flags & flag::RDPID != 0)?;
    let statistics = frames.take((size_of::<Statistics>() as u64).div_ceil(PAGE_SIZE))?;
    let vdso = vdso::place(memory, &mut frames)?;
    let program = page::place_strings(memory, &mut frames, &settings.program)?;

    let user = settings.privilege == Privilege::RING3;
    let mut tables = PageTables::new(memory, &mut frames, user)?;
    tables.map_memory(settings.flags)?;
    tables.map_window(settings.flags)?;
    for segment in image.segments() {
        tables.map(segment.virtual_address, segment.physical.as_u64(), segment.pages(), segment.rights)?;
    }
    for (index, area) in areas.iter().enumerate() {
        area::map(&mut tables, Booted::area(index), area.as_u64())?;
    }
    tables.map(DEVICE_REGISTERS, DEVICE_PHYSICAL, PAGE_SIZE, Rights::DEVICE)?;
    let page_table = tables.root();

    let places = page::Places { page_table, time_page, statistics, vdso, program, free_start: frames.next() };
    page::write(memory, settings, &places)?;
    let (entry, system_call) = (image.entry(), code.system_call);
    Ok(Booted { page_table, entry, system_call, time_page, statistics })
}

#[cfg(test)]
mod tests;

//! The boot page: what the LWK is told.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::boot::{BOOT_MAGIC, BootPage, MemoryRegion};
use virtio_ikc::layout::BOOT_PAGE;
use virtio_ikc::message::VERSION;
use vm_memory::{Address, Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion};

use super::frames::Frames;
use super::{BootError, Settings, host};
use crate::arch::plain;

/// The program, as execve(2) would get it, and the process that it is.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its path.
    pub path: OsString,
    /// Its arguments, its name included.
    pub arguments: Vec<OsString>,
    /// Its environment.
    pub environment: Vec<OsString>,
    /// Its pid.
    pub process: u32,
    /// Its parent's pid.
    pub parent: u32,
    /// The signals that it ignores from the beginning (bit 0: signal 1).
    pub ignored_signals: u64,
}

/// Where things are.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) page_table: GuestPhysical,
    pub(super) time_page: GuestPhysical,
    pub(super) statistics: GuestPhysical,
    pub(super) vdso: MemoryRegion,
    pub(super) program: MemoryRegion,
    pub(super) free_start: GuestPhysical,
}

/// Writes path, arguments and environment one after the other, each with its NUL.
pub(super) fn place_strings(
    memory: &GuestMemoryMmap,
    frames: &mut Frames,
    program: &Program,
) -> Result<MemoryRegion, BootError> {
    let mut bytes = Vec::new();
    let strings = std::iter::once(&program.path).chain(&program.arguments).chain(&program.environment);
    for string in strings {
        bytes.extend_from_slice(string.as_bytes());
        bytes.push(0);
    }
    let length = bytes.len() as u64;
    let start = frames.take(length.div_ceil(PAGE_SIZE))?;
    memory.write_slice(&bytes, GuestAddress(start.as_u64())).map_err(|_| BootError::Outside(start))?;
    Ok(MemoryRegion { start, length })
}

/// Writes the boot page.
pub(super) fn write(memory: &GuestMemoryMmap, settings: &Settings, places: &Places) -> Result<(), BootError> {
    let mut regions = [MemoryRegion::default(); 2];
    for (place, region) in regions.iter_mut().zip(memory.iter()) {
        *place = MemoryRegion { start: GuestPhysical(region.start_addr().raw_value()), length: region.len() };
    }
    let (hwcap, hwcap2) = host::capabilities();
    let program = &settings.program;
    let page = BootPage {
        magic: BOOT_MAGIC,
        version: VERSION,
        privilege: settings.privilege.0,
        flags: settings.flags,
        vcpu_count: count(settings.processors.len()),
        regions,
        region_count: count(memory.num_regions()),
        tsc_khz: settings.tsc_khz,
        free_start: places.free_start,
        page_table: places.page_table,
        time_page: places.time_page,
        statistics: places.statistics,
        vdso: places.vdso,
        program: places.program,
        argument_count: count(program.arguments.len()),
        environment_count: count(program.environment.len()),
        ignored_signals: program.ignored_signals,
        process: program.process,
        parent: program.parent,
        credentials: host::credentials()?,
        seed: host::seed()?,
        xsave_mask: settings.state_mask,
        xsave_bytes: settings.state_bytes,
        hwcap,
        hwcap2,
        stack_limit: host::stack_limit(),
        uname: host::uname(),
    };
    plain::write(memory, GuestPhysical(BOOT_PAGE), &page).ok_or(BootError::NoMemory)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

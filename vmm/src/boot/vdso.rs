//! The vDSO's image, which the LWK maps into every program behind the time page.

use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::boot::MemoryRegion;
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

use super::BootError;
use super::frames::Frames;

/// The shared object that build.rs made.
pub(crate) static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vdso.so"));

/// Copies the image to pages of its own.
pub(super) fn place(memory: &GuestMemoryMmap, frames: &mut Frames) -> Result<MemoryRegion, BootError> {
    let length = IMAGE.len() as u64;
    let start = frames.take(length.div_ceil(PAGE_SIZE))?;
    memory.write_slice(IMAGE, GuestAddress(start.as_u64())).map_err(|_| BootError::Outside(start))?;
    Ok(MemoryRegion { start, length })
}

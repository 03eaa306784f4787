//! Plain data in the partition's memory: the structures that both sides share, written and read as they lie there.
#![allow(unsafe_code)]

use std::sync::atomic::{Ordering, fence};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::{BootPage, EntryData, ImageHeader};
use virtio_ikc::statistics::Statistics;
use vm_memory::{GuestAddress, GuestMemoryBackend, GuestMemoryMmap};

/// Data for which every pattern of bytes is a value, and that owns nothing.
///
/// # Safety
/// The type is made of integers only.
pub(crate) unsafe trait Plain: Copy + 'static {}

// SAFETY: integers, arrays and structures of integers.
unsafe impl Plain for BootPage {}
// SAFETY: as above.
unsafe impl Plain for EntryData {}
// SAFETY: as above.
unsafe impl Plain for ImageHeader {}
// SAFETY: as above.
unsafe impl Plain for Statistics {}

/// Writes `value` at `to`; `None` when that is not the partition's memory.
pub(crate) fn write<T: Plain>(memory: &GuestMemoryMmap, to: GuestPhysical, value: &T) -> Option<()> {
    let slice = memory.get_slice(GuestAddress(to.as_u64()), size_of::<T>()).ok()?;
    let guard = slice.ptr_guard_mut();
    // SAFETY: the slice has room for a `T` and stays mapped; a vCPU that writes there at the same time can make the
    // bytes arbitrary, which `Plain` allows.
    unsafe { guard.as_ptr().cast::<T>().write_unaligned(*value) };
    fence(Ordering::Release);
    Some(())
}

/// Reads a `T` at `from`; `None` when that is not the partition's memory.
pub(crate) fn read<T: Plain>(memory: &GuestMemoryMmap, from: GuestPhysical) -> Option<T> {
    fence(Ordering::Acquire);
    let slice = memory.get_slice(GuestAddress(from.as_u64()), size_of::<T>()).ok()?;
    let guard = slice.ptr_guard();
    // SAFETY: as for `write`.
    Some(unsafe { guard.as_ptr().cast::<T>().read_unaligned() })
}

/// Reads a `T` from the beginning of `bytes`; `None` when they are too few.
pub(crate) fn from_bytes<T: Plain>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: there are as many bytes as the type has, and every pattern of them is a value.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

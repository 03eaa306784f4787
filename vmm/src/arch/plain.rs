//! Plain data in the partition's memory: the structures that both sides share, written and read as they lie there.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering, fence};

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

/// The 64-bit word at `at`, which the guest may change at any time; `None` when that is not the partition's memory or not aligned.
pub(crate) fn word(memory: &GuestMemoryMmap, at: GuestPhysical) -> Option<&AtomicU64> {
    let slice = memory.get_slice(GuestAddress(at.as_u64()), size_of::<u64>()).ok()?;
    let word = slice.ptr_guard_mut().as_ptr().cast::<()>().cast::<AtomicU64>();
    // SAFETY: the slice has room for a word, aligned as has been checked, and stays mapped as long as `memory`, which the result borrows.
    word.is_aligned().then(|| unsafe { &*word })
}

/// Fills `length` bytes at `at` with zeros; `None`, and nothing is touched, when that is not the partition's memory.
pub(crate) fn zero(memory: &GuestMemoryMmap, at: GuestPhysical, length: u64) -> Option<()> {
    let length = usize::try_from(length).ok()?;
    let slice = memory.get_slice(GuestAddress(at.as_u64()), length).ok()?;
    let guard = slice.ptr_guard_mut();
    // SAFETY: the slice has `length` bytes and stays mapped; whatever a vCPU writes there meanwhile is bytes too.
    unsafe { guard.as_ptr().write_bytes(0, length) };
    Some(())
}

/// Reads a `T` from the beginning of `bytes`; `None` when they are too few.
pub(crate) fn from_bytes<T: Plain>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: there are as many bytes as the type has, and every pattern of them is a value.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

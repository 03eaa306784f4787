//! Copies between the partition's memory and our own.
//!
//! The guest may write while we read, so the compiler must neither repeat an access nor assume anything about what it
//! saw: the copying loop is the processor's own instruction. Where a file lies, Linux does the copying.
#![allow(unsafe_code)]

use std::arch::asm;
use std::sync::atomic::{AtomicU64, Ordering};

use virtio_ikc::address::GuestPhysical;

use super::partition::{HostRun, Partition};

/// Up to here words are copied one by one, which begins sooner than the processor's own instruction does.
const FEW_BYTES: usize = 256;

/// Memory of the partition that could not be copied: not there, or a file was cut short beneath it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("memory of the partition cannot be accessed")]
pub(crate) struct Inaccessible;

impl HostRun {
    /// Copies out of the partition, as many bytes as both have.
    pub(crate) fn read(self, into: &mut [u8]) -> Result<(), Inaccessible> {
        let length = self.length().min(into.len());
        let own = into.as_mut_ptr().expose_provenance();
        if self.is_in_window() {
            return through_linux(libc::process_vm_readv, own, self.address(), length);
        }
        if length <= FEW_BYTES && self.address().is_multiple_of(8) && length.is_multiple_of(8) {
            self.read_words(into);
            return Ok(());
        }
        // SAFETY: both runs are mapped and `length` bytes long, and the second was borrowed for writing.
        unsafe { copy_bytes(self.address(), own, length) };
        Ok(())
    }

    fn read_words(self, into: &mut [u8]) {
        for (index, word) in into.chunks_exact_mut(8).take(self.length() / 8).enumerate() {
            // SAFETY: the word lies in the run, which is mapped and aligned; nobody has a reference to it.
            let shared =
                unsafe { AtomicU64::from_ptr(std::ptr::with_exposed_provenance_mut(self.address() + index * 8)) };
            word.copy_from_slice(&shared.load(Ordering::Relaxed).to_ne_bytes());
        }
    }

    /// Copies into the partition, as many bytes as both have.
    pub(crate) fn write(self, from: &[u8]) -> Result<(), Inaccessible> {
        let length = self.length().min(from.len());
        let own = from.as_ptr().expose_provenance();
        if self.is_in_window() {
            return through_linux(libc::process_vm_writev, own, self.address(), length);
        }
        // SAFETY: both runs are mapped and `length` bytes long; the partition's memory is nobody's `&` or `&mut`.
        unsafe { copy_bytes(own, self.address(), length) };
        Ok(())
    }
}

impl Partition {
    /// Copies `into.len()` bytes at `address`, which must not be in the window.
    pub(crate) fn read(&self, address: GuestPhysical, into: &mut [u8]) -> Result<(), Inaccessible> {
        self.memory(address, into.len())?.read(into)
    }

    /// Copies `from` to `address`, which must not be in the window.
    pub(crate) fn write(&self, address: GuestPhysical, from: &[u8]) -> Result<(), Inaccessible> {
        self.memory(address, from.len())?.write(from)
    }

    /// Writes a reply at `address`, its first word last: whoever sees that sees the others (SPEC.md, 2.4).
    pub(crate) fn write_reply(&self, address: GuestPhysical, words: &[u64; 8]) -> Result<(), Inaccessible> {
        let run = self.memory(address, size_of_val(words))?;
        if !run.address().is_multiple_of(size_of::<u64>()) {
            return Err(Inaccessible);
        }
        for (index, word) in words.iter().enumerate().rev() {
            let order = if index == 0 { Ordering::Release } else { Ordering::Relaxed };
            // SAFETY: the run is mapped, as long as the words are, and aligned; nobody has a reference to it.
            unsafe { AtomicU64::from_ptr(std::ptr::with_exposed_provenance_mut(run.address() + index * 8)) }
                .store(*word, order);
        }
        Ok(())
    }

    fn memory(&self, address: GuestPhysical, length: usize) -> Result<HostRun, Inaccessible> {
        self.check(address, length as u64).filter(|run| !run.is_in_window()).ok_or(Inaccessible)
    }
}

/// # Safety
/// `from` must be readable and `to` writable for `length` bytes, and no Rust reference may rely on those at `to`.
unsafe fn copy_bytes(from: usize, to: usize, length: usize) {
    // SAFETY: the caller's; the direction flag is clear by the calling convention.
    unsafe {
        asm!(
            "rep movsb",
            inout("rcx") length => _, inout("rsi") from => _, inout("rdi") to => _,
            options(nostack, preserves_flags)
        );
    }
}

type VectorCall = unsafe extern "C" fn(
    libc::pid_t,
    *const libc::iovec,
    libc::c_ulong,
    *const libc::iovec,
    libc::c_ulong,
    libc::c_ulong,
) -> isize;

fn through_linux(copy: VectorCall, own: usize, partition: usize, length: usize) -> Result<(), Inaccessible> {
    let vector = |address| libc::iovec { iov_base: std::ptr::with_exposed_provenance_mut(address), iov_len: length };
    let (own, partition) = (vector(own), vector(partition));
    let process = std::process::id().cast_signed();
    // SAFETY: Linux checks every address; ours is borrowed by the caller, the partition's is nobody's reference.
    let copied = unsafe { copy(process, &raw const own, 1, &raw const partition, 1, 0) };
    if usize::try_from(copied) == Ok(length) { Ok(()) } else { Err(Inaccessible) }
}

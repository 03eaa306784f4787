//! The vector and floating-point state, which the LWK never touches itself: it is built without vector
//! instructions, so the state changes only where a thread does or a signal frame is made.
#![allow(unsafe_code)]

use alloc::vec;
use alloc::vec::Vec;
use core::arch::asm;

use virtio_ikc::boot::flag;

use super::boot;

/// Bytes of the legacy area that FXSAVE writes (Intel SDM vol. 1, 10.5.1).
const LEGACY_BYTES: usize = 512;

/// A saved state, in the standard (not compacted) format of XSAVE, aligned to 64 bytes.
pub struct FpuState {
    storage: Vec<u64>,
}

/// Bytes of a saved state on this processor.
pub fn state_bytes() -> usize {
    if boot::has(flag::XSAVE) { boot::page().xsave_bytes as usize } else { LEGACY_BYTES }
}

/// The state components that are saved.
pub fn state_mask() -> u64 {
    if boot::has(flag::XSAVE) { boot::page().xsave_mask } else { 3 }
}

/// The two halves of a mask, as the instructions take it.
fn halves(mask: u64) -> (u32, u32) {
    let half = |shift: u32| u32::try_from(mask >> shift & 0xffff_ffff).unwrap_or(0);
    (half(0), half(32))
}

impl FpuState {
    /// Room for a state, filled with zeros.
    pub fn new() -> Self {
        Self { storage: vec![0; (state_bytes() + 64) / 8 + 1] }
    }

    /// The state that a program starts with (psABI, 3.4.1): no exception unmasked, round to nearest.
    pub fn initial() -> Self {
        let mut state = Self::new();
        let start = state.offset();
        state.storage[start] = 0x037f;
        state.storage[start + 3] = 0x1f80;
        state
    }

    fn offset(&self) -> usize {
        let address = self.storage.as_ptr() as usize;
        (address.next_multiple_of(64) - address) / 8
    }

    /// The state's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let start = self.offset();
        self.storage[start..start + state_bytes() / 8].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Replaces the state's bytes.
    pub fn set_bytes(&mut self, bytes: &[u8]) {
        let start = self.offset();
        for (word, chunk) in self.storage[start..start + state_bytes() / 8].iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        }
    }

    /// Saves the current state.
    pub fn save(&mut self) {
        let start = self.offset();
        let area = self.storage[start..].as_mut_ptr();
        let (low, high) = halves(state_mask());
        // SAFETY: `area` is aligned to 64 bytes and has `state_bytes` of room, as `new` and `offset` see to.
        unsafe {
            if boot::has(flag::XSAVE) {
                asm!("xsave64 [{}]", in(reg) area, in("eax") low, in("edx") high, options(nostack));
            } else {
                asm!("fxsave64 [{}]", in(reg) area, options(nostack));
            }
        }
    }

    /// Saves the current state in place of the one that was loaded from here. Parts that are in their initial configuration, or that have
    /// not changed since they were loaded, are not written where the processor knows this (Intel SDM vol. 1, 13.9): what this answers to
    /// is [`FpuState::load`] only.
    pub fn update(&mut self) {
        if !boot::has(flag::XSAVEOPT) {
            return self.save();
        }
        let start = self.offset();
        let area = self.storage[start..].as_mut_ptr();
        let (low, high) = halves(state_mask());
        // SAFETY: as for `save`.
        unsafe { asm!("xsaveopt64 [{}]", in(reg) area, in("eax") low, in("edx") high, options(nostack)) }
    }

    /// Loads the state. The caller has checked it with [`FpuState::sanitise`] if a program could write it.
    pub fn load(&self) {
        let start = self.offset();
        let area = self.storage[start..].as_ptr();
        let (low, high) = halves(state_mask());
        // SAFETY: as for `save`; header and MXCSR have been sanitised, so the instruction does not fault.
        unsafe {
            if boot::has(flag::XSAVE) {
                asm!("xrstor64 [{}]", in(reg) area, in("eax") low, in("edx") high, options(nostack, readonly));
            } else {
                asm!("fxrstor64 [{}]", in(reg) area, options(nostack, readonly));
            }
        }
    }

    /// Makes the state one that the processor accepts (Intel SDM vol. 1, 13.8): reserved bits of MXCSR and of the XSAVE
    /// header are cleared.
    pub fn sanitise(&mut self) {
        let start = self.offset();
        // MXCSR is the lower half of the fourth word; the bits that every x86-64 processor has are 0xffff.
        self.storage[start + 3] &= 0xffff_ffff_0000_ffff;
        if !boot::has(flag::XSAVE) {
            return;
        }
        let header = start + LEGACY_BYTES / 8;
        self.storage[header] &= state_mask();
        self.storage[header + 1..header + 8].fill(0);
    }
}

/// Loads the state that a program starts with.
pub fn load_initial() {
    FpuState::initial().load();
}

/// The x87 exceptions that are flagged and not masked.
pub fn x87_exceptions() -> u32 {
    let (mut control, mut status) = (0_u16, 0_u16);
    // SAFETY: stores two words; the forms without a wait do not raise what is pending.
    unsafe { asm!("fnstcw [{}]", "fnstsw [{}]", in(reg) &raw mut control, in(reg) &raw mut status, options(nostack)) }
    u32::from(status & !control) & 0x3f
}

/// The SIMD exceptions that are flagged and not masked.
pub fn simd_exceptions() -> u32 {
    let mut state = 0_u32;
    // SAFETY: stores MXCSR.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut state, options(nostack)) }
    state & !(state >> 7) & 0x3f
}

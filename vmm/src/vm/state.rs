//! The vector and floating-point state that programs have.

use crate::arch::processor;

/// x87, SSE, AVX and the three parts of AVX-512 (Intel SDM vol. 1, 13.1). Others (protection keys, tiles) need a kernel that
/// the LWK is not.
const SUPPORTED: u64 = 0b1110_0111;
/// Bytes of the legacy region and the header of an XSAVE area (Intel SDM vol. 1, 13.4).
const FIXED_BYTES: u32 = 512 + 64;
const LEAF: u32 = 0xd;

/// Which state components programs have, and how much room they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedState {
    /// The components, as XCR0 has them.
    pub mask: u64,
    /// Bytes of an XSAVE area for them in the standard format.
    pub bytes: u32,
}

impl ExtendedState {
    /// What this host offers and the LWK can keep.
    #[must_use]
    pub fn of_host() -> Self {
        let mask = processor::enabled_state() & SUPPORTED;
        let ends = (2..u64::BITS).filter(|component| mask >> component & 1 == 1).map(|component| {
            let part = processor::cpuid(LEAF, component);
            part.ebx + part.eax
        });
        Self { mask, bytes: ends.fold(FIXED_BYTES, u32::max) }
    }

    /// Whether the processor has XSAVEOPT (Intel SDM vol. 1, 13.2).
    #[must_use]
    pub fn has_xsaveopt(&self) -> bool {
        self.has_xsave() && processor::cpuid(LEAF, 1).eax & 1 != 0
    }

    /// Whether XSAVE can be used at all.
    #[must_use]
    pub const fn has_xsave(&self) -> bool {
        self.mask & 0b10 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_has_room_for_every_component() {
        let state = ExtendedState::of_host();
        assert!(state.bytes >= FIXED_BYTES);
        if state.mask & 0b100 != 0 {
            assert!(state.bytes >= FIXED_BYTES + 256, "{state:?}");
        }
    }
}

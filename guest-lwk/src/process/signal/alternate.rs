//! The alternate signal stack (sigaltstack(2)).

use linux_raw_sys::general::{SS_AUTODISARM, SS_DISABLE, SS_ONSTACK};

use crate::arch::fpu;
use crate::errno::Errno;

/// Bytes of a signal frame without its floating-point state, and the least that a handler needs.
const FRAME_BYTES: u64 = 1024;

/// A thread's alternate stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlternateStack {
    /// Its lowest address.
    pub address: u64,
    /// Its length; 0 when there is none.
    pub length: u64,
    /// `SS_AUTODISARM` or nothing.
    pub flags: u32,
}

impl AlternateStack {
    /// None.
    pub const DISABLED: Self = Self { address: 0, length: 0, flags: 0 };

    /// What a program asks for.
    pub fn requested(address: u64, length: u64, flags: u32) -> Result<Self, Errno> {
        let mode = flags & !SS_AUTODISARM;
        if mode & !(SS_ONSTACK | SS_DISABLE) != 0 || mode == SS_ONSTACK | SS_DISABLE {
            return Err(Errno::EINVAL);
        }
        if mode == SS_DISABLE {
            return Ok(Self { flags: flags & SS_AUTODISARM, ..Self::DISABLED });
        }
        if length < FRAME_BYTES + fpu::state_bytes() as u64 {
            return Err(Errno::ENOMEM);
        }
        Ok(Self { address, length, flags: flags & SS_AUTODISARM })
    }

    /// Whether there is one.
    pub fn is_enabled(&self) -> bool {
        self.length != 0
    }

    /// Whether the stack pointer `rsp` is on it.
    pub fn holds(&self, rsp: u64) -> bool {
        self.flags & SS_AUTODISARM == 0 && rsp > self.address && rsp - self.address <= self.length
    }

    /// `ss_flags` as a program at `rsp` reads them.
    pub fn flags_at(&self, rsp: u64) -> u32 {
        let state = if !self.is_enabled() {
            SS_DISABLE
        } else if self.holds(rsp) {
            SS_ONSTACK
        } else {
            0
        };
        state | self.flags
    }
}

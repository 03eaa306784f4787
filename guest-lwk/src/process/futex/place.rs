//! From an address to a futex: its key, and the word itself.

use core::sync::atomic::AtomicU32;

use lwk_core::futex::FutexKey;
use virtio_ikc::layout::PROGRAM_END;

use crate::arch::direct_map;
use crate::errno::Errno;
use crate::memory::space::AddressSpace;
use crate::memory::user::Access;
use crate::process::thread::Thread;

/// Bytes of a futex word.
const WORD_BYTES: u64 = 4;

/// Who can mean the same futex.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Threads that share the address space (`FUTEX_PRIVATE_FLAG`).
    Private,
    /// Whoever maps the memory.
    Shared,
}

/// A futex as a call names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The word's address.
    pub address: u64,
    /// Who can mean the same.
    pub scope: Scope,
}

impl Place {
    /// The key, for a thread that holds no address space. EINVAL if the address is not that of a word, EFAULT if there is no
    /// memory; the memory behind a private futex is nobody's business.
    pub fn key_for(self, thread: &Thread, access: Access) -> Result<FutexKey, Errno> {
        self.check()?;
        match self.scope {
            Scope::Private => Ok(FutexKey::Private { space: thread.process().root().0, address: self.address }),
            Scope::Shared => thread.process().space.lock().futex_key(self.address, access),
        }
    }

    /// The key in `space`. Errors as above.
    pub fn key(self, space: &mut AddressSpace, access: Access) -> Result<FutexKey, Errno> {
        self.check()?;
        match self.scope {
            Scope::Private => Ok(FutexKey::Private { space: space.root().0, address: self.address }),
            Scope::Shared => space.futex_key(self.address, access),
        }
    }

    /// The word. It is there as long as the caller holds `space`.
    pub fn word(self, space: &mut AddressSpace, access: Access) -> Result<&'static AtomicU32, Errno> {
        self.check()?;
        let (physical, _) = space.translate(self.address, access)?;
        if direct_map::is_memory(physical, WORD_BYTES) || direct_map::is_window(physical, WORD_BYTES) {
            Ok(direct_map::atomic_u32(physical))
        } else {
            Err(Errno::EFAULT)
        }
    }

    fn check(self) -> Result<(), Errno> {
        if !self.address.is_multiple_of(WORD_BYTES) {
            return Err(Errno::EINVAL);
        }
        if self.address >= PROGRAM_END { Err(Errno::EFAULT) } else { Ok(()) }
    }
}

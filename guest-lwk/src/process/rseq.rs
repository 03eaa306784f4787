//! Restartable sequences (include/uapi/linux/rseq.h): short pieces of a program that begin anew at another
//! place if their thread was preempted, moved or signalled in them, and the number of the CPU where the program reads it.

use crate::arch::context::Context;
use crate::errno::Errno;
use crate::memory::space::AddressSpace;
use crate::process::thread::Thread;

/// Where the fields of struct rseq are.
const SEQUENCE: u64 = 8;
const NODE: u64 = 20;
const CONCURRENCY: u64 = 24;
/// What an area says before it is registered.
const UNINITIALISED: u32 = u32::MAX;

/// A registered area.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// Its address.
    pub address: u64,
    /// Its length.
    pub length: u64,
    /// What stands before each place where a sequence begins anew.
    pub signature: u32,
    /// The vCPU that it shows, if the LWK has written one.
    pub shown: Option<u32>,
}

impl Area {
    /// Writes what an area holds that is not registered.
    pub fn reset(self, space: &mut AddressSpace) -> Result<(), Errno> {
        space.write(self.address, &(u64::from(UNINITIALISED) << 32))?;
        space.write(self.address + NODE, &0_u64)
    }

    /// Writes where the thread is.
    fn update(self, space: &mut AddressSpace, vcpu: u32) -> Result<(), Errno> {
        space.write(self.address, &(u64::from(vcpu) | u64::from(vcpu) << 32))?;
        space.write(self.address + NODE, &0_u32)?;
        space.write(self.address + CONCURRENCY, &vcpu)
    }

    /// Ends the sequence that `context` is in, if it is in one. EFAULT for what Linux answers with SIGSEGV.
    fn leave_sequence(self, space: &mut AddressSpace, context: &mut Context) -> Result<(), Errno> {
        let sequence: u64 = space.read(self.address + SEQUENCE)?;
        if sequence == 0 {
            return Ok(());
        }
        let [versions, start, length, abort] = space.read::<[u64; 4]>(sequence)?;
        if versions & 0xffff_ffff != 0 {
            return Err(Errno::EFAULT);
        }
        space.write(self.address + SEQUENCE, &0_u64)?;
        if context.rip.wrapping_sub(start) >= length {
            return Ok(());
        }
        if space.read::<u32>(abort.wrapping_sub(4))? != self.signature {
            return Err(Errno::EFAULT);
        }
        context.rip = abort;
        Ok(())
    }
}

/// Brings the area of `thread` up to date after it was off its vCPU, or as it is about to handle a signal. EFAULT for what Linux
/// answers with SIGSEGV.
pub fn follow(thread: &Thread, context: &mut Context) -> Result<(), Errno> {
    let area = *thread.rseq.lock();
    let Some(area) = area else { return Ok(()) };
    let vcpu = u32::try_from(thread.vcpu()).unwrap_or(0);
    {
        let mut space = thread.process().space.lock();
        area.leave_sequence(&mut space, context)?;
        if area.shown == Some(vcpu) {
            return Ok(());
        }
        area.update(&mut space, vcpu)?;
    }
    if let Some(area) = thread.rseq.lock().as_mut() {
        area.shown = Some(vcpu);
    }
    Ok(())
}

//! The thread that zeroes pages ahead: it serves the zeroing list (`SPEC.md`, 6.3) on the agent's CPUs, behind everybody else there.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use virtio_ikc::address::{GuestPhysical, LARGE_PAGE_SIZE};
use virtio_ikc::layout::ZEROING_LIST;
use virtio_ikc::zeroing::{ASLEEP, SLOT_COUNT, Slot, WORKER, slot_offset};
use vm_memory::GuestMemoryMmap;
use vmm_sys_util::eventfd::EventFd;

use crate::arch::plain;

/// How long it looks for another page before it sleeps: a bell costs a vCPU tens of microseconds.
const LOOKING: Duration = Duration::from_micros(200);
/// The niceness that leaves the CPU to everybody else (sched(7)).
const LAST: i32 = 19;

/// The thread's view of the list.
#[derive(Debug)]
pub struct ZeroingWorker {
    memory: GuestMemoryMmap,
    bell: EventFd,
    next: usize,
}

impl ZeroingWorker {
    /// Starts the thread on the caller's CPUs; it lasts as long as the process. `bell` wakes it, and blocks whoever reads it in vain.
    ///
    /// # Errors
    /// What making a descriptor or a thread gives.
    pub fn start(memory: GuestMemoryMmap, bell: &EventFd) -> io::Result<()> {
        let mut worker = Self { memory, bell: bell.try_clone()?, next: 0 };
        let serve = move || {
            // Without it the thread is only less polite.
            let _ = rustix::process::nice(LAST);
            worker.serve();
        };
        thread::Builder::new().name("lwk-zero".to_owned()).spawn(serve).map(drop)
    }

    /// Zeroes until the list is not in memory, which it always is, or the bell is broken.
    fn serve(&mut self) -> Option<()> {
        loop {
            self.sleep()?;
            let mut idle_since = Instant::now();
            while idle_since.elapsed() < LOOKING {
                if self.zero_next()? {
                    idle_since = Instant::now();
                }
                std::hint::spin_loop();
            }
        }
    }

    /// Sleeps until pages wait.
    fn sleep(&self) -> Option<()> {
        self.word(WORKER)?.store(ASLEEP, Ordering::SeqCst);
        if !self.find_dirty()? {
            while let Err(error) = self.bell.read() {
                if error.kind() != io::ErrorKind::Interrupted {
                    return None;
                }
            }
        }
        self.word(WORKER)?.store(0, Ordering::SeqCst);
        Some(())
    }

    fn find_dirty(&self) -> Option<bool> {
        (0..SLOT_COUNT).try_fold(false, |found, index| Some(found || self.slot(index)?.is_dirty()))
    }

    /// Zeroes one page, if there is one.
    fn zero_next(&mut self) -> Option<bool> {
        for _ in 0..SLOT_COUNT {
            let slot = self.slot(self.next)?;
            let claimed = slot.claim();
            if let Some(page) = claimed
                && plain::zero(&self.memory, page, LARGE_PAGE_SIZE).is_some()
            {
                slot.finish(page);
            }
            self.next = (self.next + 1) % SLOT_COUNT;
            if claimed.is_some() {
                return Some(true);
            }
        }
        Some(false)
    }

    fn slot(&self, index: usize) -> Option<Slot<'_>> {
        self.word(slot_offset(index)).map(Slot::new)
    }

    fn word(&self, offset: u64) -> Option<&AtomicU64> {
        plain::word(&self.memory, GuestPhysical(ZEROING_LIST + offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_memory::{Bytes, GuestAddress};

    const LARGE: usize = 2 << 20;
    const PAGE: GuestPhysical = GuestPhysical(LARGE_PAGE_SIZE);
    const PATIENCE: Duration = Duration::from_mins(1);

    fn memory() -> GuestMemoryMmap {
        let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 4 * LARGE)]).expect("memory");
        let ones = vec![0xff; 3 * LARGE];
        memory.write_slice(&ones, GuestAddress(PAGE.as_u64())).expect("inside");
        memory
    }

    fn slot(memory: &GuestMemoryMmap, index: usize) -> Slot<'_> {
        Slot::new(plain::word(memory, GuestPhysical(ZEROING_LIST + slot_offset(index))).expect("inside"))
    }

    fn wait_until(condition: impl Fn() -> bool) {
        let since = Instant::now();
        while !condition() {
            assert!(since.elapsed() < PATIENCE, "it does not happen");
            thread::yield_now();
        }
    }

    #[test]
    fn what_waits_is_zeroed_when_the_bell_rings_and_nothing_else() {
        let memory = memory();
        let bell = EventFd::new(0).expect("a descriptor");
        ZeroingWorker::start(memory.clone(), &bell).expect("a thread");
        let worker = plain::word(&memory, GuestPhysical(ZEROING_LIST + WORKER)).expect("inside");
        wait_until(|| worker.load(Ordering::SeqCst) == ASLEEP);
        slot(&memory, 17).put(PAGE);
        bell.write(1).expect("rung");
        wait_until(|| !slot(&memory, 17).is_dirty() && !slot(&memory, 17).is_busy());
        let taken = slot(&memory, 17).take().expect("a page");
        assert_eq!((taken.page, taken.zeroed), (PAGE, true));
        let mut bytes = vec![1; 2 * LARGE];
        memory.read_slice(&mut bytes, GuestAddress(PAGE.as_u64())).expect("inside");
        let (page, behind) = bytes.split_at(LARGE);
        assert!(page.iter().all(|byte| *byte == 0) && behind.iter().all(|byte| *byte == 0xff));
    }

    #[test]
    fn an_address_outside_the_memory_is_left_alone() {
        let memory = memory();
        let bell = EventFd::new(0).expect("a descriptor");
        let mut worker = ZeroingWorker { memory: memory.clone(), bell, next: 0 };
        for (index, page) in [(0, 4 * LARGE_PAGE_SIZE), (1, !(LARGE_PAGE_SIZE - 1)), (2, 3 * LARGE_PAGE_SIZE)] {
            slot(&memory, index).put(GuestPhysical(page));
        }
        while worker.zero_next() == Some(true) {}
        assert!((0..2).all(|index| slot(&memory, index).is_busy()));
        assert_eq!(slot(&memory, 2).take().map(|taken| taken.zeroed), Some(true));
    }
}

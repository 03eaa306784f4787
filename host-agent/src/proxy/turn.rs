//! A worker's turn: which request it executes, so that another can interrupt it.
//!
//! All of it is one word that is changed in one step: whoever interrupts marks the word only if it still names the
//! request that is meant, and the worker that ends its turn sees the mark. A worker that was marked waits until the
//! signal has hit it; so a signal never strays into the next request.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use virtio_ikc::table::Call;

use crate::arch::{self, Argument, INTERRUPTED, Interruptible, Ticker};
use crate::memory::HostRun;

/// The worker executes a request.
const RUNNING: i64 = 1 << 62;
/// The request is to be interrupted: the sign, so that one comparison finds it.
const MARK: i64 = i64::MIN;
const SEQUENCE_MASK: u64 = (1 << 62) - 1;

/// What one worker does.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    shared: Interruptible,
    thread: AtomicU32,
    handled_before: AtomicU32,
    /// The request was to be interrupted before it began.
    late: AtomicBool,
}

impl Turn {
    /// Makes the calling thread the one whose turns these are.
    pub(crate) fn adopt(&'static self) {
        self.thread.store(rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned(), Ordering::Release);
        self.shared.adopt();
    }

    /// Whether they are those of the thread with this tid.
    pub(crate) fn is_of(&self, thread: u32) -> bool {
        self.thread.load(Ordering::Relaxed) == thread
    }

    /// The worker takes request `sequence`. Called with the queue locked, so that whoever has the lock sees each request
    /// either in the queue or in a turn.
    pub(crate) fn begin(&self, sequence: u64) {
        self.handled_before.store(self.shared.handled.load(Ordering::Acquire), Ordering::Relaxed);
        self.shared.word.store(word(sequence), Ordering::Release);
    }

    /// The request that was taken is to be interrupted.
    pub(crate) fn begin_late(&self) {
        self.late.store(true, Ordering::Relaxed);
    }

    /// It is done. Answers whether it was to be interrupted.
    pub(crate) fn end(&self) -> bool {
        let late = self.late.swap(false, Ordering::Relaxed);
        if self.shared.word.swap(0, Ordering::AcqRel) >= 0 {
            return late;
        }
        self.await_signal();
        true
    }

    /// Waits until the signal of whoever marked the word has hit this thread.
    fn await_signal(&self) {
        while self.shared.handled.load(Ordering::Acquire) == self.handled_before.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
    }

    /// Interrupts request `sequence` if it is the one that the worker, a thread of `process`, executes.
    /// Whether it is.
    pub(crate) fn interrupt(&self, process: u32, sequence: u64) -> bool {
        let meant = word(sequence);
        match self.shared.word.compare_exchange(meant, meant | MARK, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {}
            Err(found) => return found == meant | MARK,
        }
        while !arch::interrupt_thread(process, self.thread.load(Ordering::Acquire)) {
            std::thread::yield_now();
        }
        true
    }

    /// Executes the call of a row.
    pub(crate) fn call(&self, row: &Call, arguments: [Argument<'_>; 6]) -> i64 {
        self.call_as(row, row.number.into(), arguments)
    }

    /// Executes call `number` in place of that of a row.
    pub(crate) fn call_as(&self, row: &Call, number: i64, arguments: [Argument<'_>; 6]) -> i64 {
        if row.may_wait() { self.wait(number, arguments) } else { arch::call(number, arguments) }
    }

    /// Executes a call that may wait. If it was to be interrupted before it began, it is: as on Linux only if it does wait.
    fn wait(&self, number: i64, arguments: [Argument<'_>; 6]) -> i64 {
        if !self.late.load(Ordering::Relaxed) {
            if let Some(answer) = self.shared.call(number, arguments) {
                return answer;
            }
            self.await_signal();
            self.begin_late();
        }
        let Some(_ticker) = Ticker::start() else { return INTERRUPTED };
        arch::call(number, arguments)
    }

    /// msync(2) of memory in the window.
    pub(crate) fn synchronise(&self, run: HostRun, flags: u64) -> i64 {
        let [start, length, flags] =
            [Argument::partition(run), Argument::number(run.length() as u64), Argument::number(flags)];
        self.wait(libc::SYS_msync, [start, length, flags, Argument::NULL, Argument::NULL, Argument::NULL])
    }
}

fn word(sequence: u64) -> i64 {
    RUNNING | (sequence & SEQUENCE_MASK).cast_signed()
}

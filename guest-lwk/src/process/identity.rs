//! Who a process is to Linux: user and group ids. Linux keeps them, with the proxy; here is what it has said last, until the process
//! makes a call that changes them.

use core::sync::atomic::{AtomicU64, Ordering};

use linux_raw_sys::general as number;
use spin::Mutex;

/// Nothing is known.
const UNKNOWN: u64 = u64::MAX;
/// The calls that ask, in the order in which the answers are kept.
const QUESTIONS: [u32; 4] = [number::__NR_getuid, number::__NR_geteuid, number::__NR_getgid, number::__NR_getegid];

/// What is known of a process's ids. A child begins without.
pub struct Identity {
    answers: [AtomicU64; QUESTIONS.len()],
    /// How often they may have changed.
    changes: Mutex<u64>,
}

impl Identity {
    /// Nothing is known.
    pub const fn new() -> Self {
        Self { answers: [const { AtomicU64::new(UNKNOWN) }; QUESTIONS.len()], changes: Mutex::new(0) }
    }

    fn answer_to(&self, question: u32) -> Option<&AtomicU64> {
        QUESTIONS.iter().position(|known| *known == question).map(|index| &self.answers[index])
    }

    /// What Linux answers to the call `question`, if that is known. Takes no lock.
    pub fn known(&self, question: u32) -> Option<u32> {
        u32::try_from(self.answer_to(question)?.load(Ordering::SeqCst)).ok()
    }

    /// A number for [`Self::learn`], to be taken before Linux is asked.
    pub fn changes(&self) -> u64 {
        *self.changes.lock()
    }

    /// Linux has answered so, and was asked after `changes` was read.
    pub fn learn(&self, question: u32, answer: u64, changes: u64) {
        let now = self.changes.lock();
        if let Some(known) = self.answer_to(question).filter(|_| *now == changes) {
            known.store(answer, Ordering::SeqCst);
        }
    }

    /// The ids may have changed.
    pub fn forget(&self) {
        let mut changes = self.changes.lock();
        *changes += 1;
        self.answers.iter().for_each(|answer| answer.store(UNKNOWN, Ordering::SeqCst));
    }
}

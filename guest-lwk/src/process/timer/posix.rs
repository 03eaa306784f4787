//! What timer_create(2) was told to do when a timer expires.

use alloc::sync::Weak;

use lwk_core::signal::{Pushed, Signal, SignalInfo};

use crate::process::process::Process;
use crate::process::signal;
use crate::process::thread::Thread;

/// Who gets the signal.
#[derive(Clone)]
pub enum Target {
    /// The process.
    Process(Weak<Process>),
    /// One of its threads (`SIGEV_THREAD_ID`).
    Thread(Weak<Thread>),
}

/// The signal of a POSIX timer.
pub struct Event {
    /// The timer's id.
    pub id: u32,
    /// Which signal.
    pub signal: Signal,
    /// What comes with it (`si_value`).
    pub value: u64,
    /// Who gets it; `None`: nobody is told (`SIGEV_NONE`).
    pub target: Option<Target>,
}

impl Event {
    /// Whether whoever would get the signal ignores it. One that is blocked waits: what is done about it may change.
    pub fn is_ignored(&self) -> bool {
        let thread = match &self.target {
            Some(Target::Process(process)) => {
                process.upgrade().and_then(|process| process.threads.lock().first().cloned())
            }
            Some(Target::Thread(thread)) => thread.upgrade(),
            None => None,
        };
        thread.is_none_or(|thread| {
            let blocked = thread.signals.lock().mask.contains(self.signal);
            !blocked && thread.process().signals.lock().actions.is_ignored(self.signal)
        })
    }

    /// Sends the signal.
    pub fn send(&self, stamp: u32) {
        let information = SignalInfo::timer(self.signal, self.id, self.value, stamp);
        // A timer's signal always has room: it waits once.
        let _: Option<Pushed> = match &self.target {
            Some(Target::Process(process)) => {
                process.upgrade().map(|process| signal::push_for_process(&process, information))
            }
            Some(Target::Thread(thread)) => {
                thread.upgrade().map(|thread| signal::push_for_thread(&thread, information))
            }
            None => None,
        };
    }

    /// Takes the signal back if it still waits.
    pub fn withdraw(&self) {
        match &self.target {
            Some(Target::Process(process)) => {
                if let Some(process) = process.upgrade() {
                    process.signals.lock().pending.withdraw_timer(self.id);
                }
            }
            Some(Target::Thread(thread)) => {
                if let Some(thread) = thread.upgrade() {
                    thread.signals.lock().pending.withdraw_timer(self.id);
                }
            }
            None => {}
        }
    }
}

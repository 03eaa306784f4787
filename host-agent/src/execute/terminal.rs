//! The terminal's signals: Linux looks at the thread that makes a call to decide whether a job in the background is stopped by SIGTTIN or
//! SIGTTOU, or is refused or let through because it blocks or ignores the signal (termios(3), tcsetpgrp(3)). So a worker
//! closes them for its caller.

use virtio_ikc::message::{CLOSED_TTIN, CLOSED_TTOU};

use super::Executor;
use crate::arch::{SignalSet, block_all_but, consume_pending};

impl Executor {
    /// Closes what the caller blocks or ignores and opens the rest.
    pub(super) fn follow_terminal_signals(&mut self, closed: u32) {
        if closed == self.closed_signals {
            return;
        }
        self.closed_signals = closed;
        let pairs = [(CLOSED_TTIN, libc::SIGTTIN), (CLOSED_TTOU, libc::SIGTTOU)];
        let open = |(bit, signal): &(u32, i32)| {
            if closed & bit == 0 { SignalSet::one(signal.cast_unsigned()) } else { SignalSet::NONE }
        };
        let opened = pairs.iter().map(open).fold(SignalSet::NONE, SignalSet::with);
        // What came while nobody took it was for a caller that did not want it.
        consume_pending(opened);
        block_all_but(SignalSet::INTERRUPT.with(opened));
    }
}

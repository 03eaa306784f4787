//! How processes end: the proxy ends the same way, so that Linux tells the parent.

use lwk_core::signal::Signal;
use virtio_ikc::message::Operation;

use crate::ikc::request::{self, Draft};

/// Ends the current process with exit status `status` (its low 8 bits count).
pub fn with_status(status: u64) -> ! {
    end([status & 0xff, 0, 0, 0, 0, 0])
}

/// Ends the current process by `signal`.
pub fn by_signal(signal: Signal) -> ! {
    end([0, u64::from(signal.number()), 0, 0, 0, 0])
}

fn end(arguments: [u64; 6]) -> ! {
    crate::statistics::memory();
    let mut draft = Draft::operation(Operation::EXIT);
    draft.arguments(arguments);
    request::send_last(draft)
}
